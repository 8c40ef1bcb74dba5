/* SPDX-License-Identifier: Apache-2.0 */

/* Terminals.  Sources: pty(7), ioctl_tty(2), termios(3). */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "pty.h"
#include "sbx/cleanup.h"
#include "sync.h"

int pty_open_inside(int sync_fd, uid_t uid, struct sbx_err *err)
{
	int unlock = 0;
	_cleanup_close_ int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		return sbx_fail(err, -errno, "open a terminal (/dev/pts/ptmx)");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return sbx_fail(err, -errno, "unlock the terminal");
	/* By the master, not by name: what lies at /dev/pts/0 may be something else. */
	_cleanup_close_ int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return sbx_fail(err, -errno, "open the terminal's other end");
	if (uid != geteuid() && fchown(slave, uid, (gid_t)-1) < 0)
		return sbx_fail(err, -errno, "give the terminal to user %u", (unsigned)uid);
	int r = sync_send(sync_fd, SYNC_TERMINAL, 0, NULL, master);
	if (r < 0)
		return sbx_fail(err, r, "hand the terminal to the launcher");
	if (setsid() < 0)
		return sbx_fail(err, -errno, "start a session");
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return sbx_fail(err, -errno, "make the terminal the controlling one");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return sbx_fail(err, -errno, "make the terminal the standard descriptors");
	return 0;
}

int pty_tty_find(void)
{
	struct termios mode;
	for (int fd = 0; fd < 3; fd++)
		if (tcgetattr(fd, &mode) == 0)
			return fd;
	return -1;
}

int pty_relay_start(struct pty_relay *r, int master_fd, struct sbx_err *err)
{
	struct termios raw;
	*r = (struct pty_relay){.master_fd = master_fd, .tty_fd = -1};
	r->in_is_tty = isatty(0);
	int tty = pty_tty_find();
	if (tty < 0)
		return 0;
	if (tcgetattr(tty, &r->saved) < 0)
		return sbx_fail(err, -errno, "read the terminal's mode");
	r->tty_fd = tty;
	pty_relay_resize(r);
	/* Raw only where keys come from it: with input from elsewhere Ctrl-C must still make a signal. */
	if (!r->in_is_tty)
		return 0;
	raw = r->saved;
	cfmakeraw(&raw);
	/* In the background tcsetattr stops the caller with SIGTTOU, as it should: `fg` goes on from there. */
	if (tcsetattr(0, TCSANOW, &raw) < 0)
		return sbx_fail(err, -errno, "put the terminal into raw mode");
	return 0;
}

void pty_relay_resize(const struct pty_relay *r)
{
	struct winsize size;
	if (r->tty_fd >= 0 && ioctl(r->tty_fd, TIOCGWINSZ, &size) == 0)
		ioctl(r->master_fd, TIOCSWINSZ, &size);
}

size_t pty_relay_poll(const struct pty_relay *r, struct pollfd fds[static 4])
{
	size_t n = 0;
	short master = 0;
	if (r->master_fd < 0)
		return 0;
	/* One direction reads only when it has nothing left to write: a slow reader slows the program, no byte is lost.
	 */
	if (r->n_to > r->at_to)
		master |= POLLOUT;
	else if (!r->in_ended)
		fds[n++] = (struct pollfd){.fd = 0, .events = POLLIN};
	if (r->n_from > r->at_from)
		fds[n++] = (struct pollfd){.fd = 1, .events = POLLOUT};
	else
		master |= POLLIN;
	/* With nothing wanted of it a hung-up master would still report POLLHUP, again and again. */
	if (master)
		fds[n++] = (struct pollfd){.fd = r->master_fd, .events = master};
	return n;
}

static void read_input(struct pty_relay *r)
{
	ssize_t n = read(0, r->to, sizeof r->to);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	r->at_to = r->n_to = 0;
	if (n > 0) {
		r->n_to = (size_t)n;
		return;
	}
	r->in_ended = true;
	/* A program reads the end of a file from a terminal as Ctrl-D at the start of a line. */
	struct termios mode;
	if (tcgetattr(r->master_fd, &mode) == 0 && (mode.c_lflag & ICANON)) {
		r->to[0] = (char)mode.c_cc[VEOF];
		r->n_to = 1;
	}
}

static void read_master(struct pty_relay *r)
{
	ssize_t n = read(r->master_fd, r->from, sizeof r->from);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	r->at_from = r->n_from = 0;
	if (n <= 0) { /* EIO: every process has closed its end */
		cleanup_close(&r->master_fd);
		return;
	}
	/* Nobody reads our output any more: the program's goes nowhere, as with a closed terminal. */
	if (!r->out_ended)
		r->n_from = (size_t)n;
}

static void write_some(int fd, const char *bytes, size_t *at, size_t n, bool *ret_ended)
{
	ssize_t done = write(fd, bytes + *at, n - *at);
	if (done > 0)
		*at += (size_t)done;
	else if (done < 0 && errno != EINTR && errno != EAGAIN) {
		*at = n;
		*ret_ended = true;
	}
}

void pty_relay_step(struct pty_relay *r, const struct pollfd *fds, size_t n)
{
	bool input_refused = false;
	for (size_t i = 0; i < n; i++) {
		short got = fds[i].revents;
		if (!got)
			continue;
		if (fds[i].fd == 0)
			read_input(r);
		else if (fds[i].fd == 1)
			write_some(1, r->from, &r->at_from, r->n_from, &r->out_ended);
		else {
			if (got & POLLOUT)
				write_some(r->master_fd, r->to, &r->at_to, r->n_to, &input_refused);
			if ((got & (POLLIN | POLLHUP | POLLERR)) && r->n_from == r->at_from)
				read_master(r);
		}
	}
}

void pty_relay_end(struct pty_relay *r)
{
	/* The program is gone, the slave closed: what is left to read is finite. */
	while (r->master_fd >= 0 || r->n_from > r->at_from) {
		if (r->n_from > r->at_from)
			write_some(1, r->from, &r->at_from, r->n_from, &r->out_ended);
		else {
			struct pollfd master = {.fd = r->master_fd, .events = POLLIN};
			if (poll(&master, 1, 0) <= 0)
				break;
			read_master(r);
		}
	}
	cleanup_close(&r->master_fd);
	if (r->tty_fd >= 0 && r->in_is_tty)
		/* Only now and only drained: a full-screen program's last bytes belong before the old mode. */
		tcsetattr(r->tty_fd, TCSADRAIN, &r->saved);
	r->tty_fd = -1;
}
