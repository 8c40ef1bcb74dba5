/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The sandbox's terminal: a new pty of its own devpts, and the caller's terminal in raw mode meanwhile. */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include "sbx/err.h"

/* pty_open_inside - make a pty, send its master as SYNC_TERMINAL, and make the slave the controlling terminal and
 * standard descriptors of this process, owned by @uid.  Context: child, after pivot; it leads a new session afterwards.
 */
int pty_open_inside(int sync_fd, uid_t uid, struct sbx_err *err);

/* The caller's side. */
struct pty_relay {
	int master_fd; /* owned; -1: no terminal */
	int tty_fd;    /* the caller's terminal whose mode is changed, -1 none; borrowed */
	struct termios saved;
	bool in_ended, out_ended;
	bool in_is_tty;
	char from[4096], to[4096]; /* what was read and not yet written */
	size_t n_from, at_from, n_to, at_to;
};

/* pty_tty_find - the caller's terminal: the first of standard input, output and error that is one, or -1. */
int pty_tty_find(void);
/* pty_relay_start - take the master, size it like the caller's terminal, put that into raw mode. */
int pty_relay_start(struct pty_relay *r, int master_fd, struct sbx_err *err);
/* pty_relay_resize - after SIGWINCH. */
void pty_relay_resize(const struct pty_relay *r);

/* pty_relay_poll - fill up to 4 pollfds with what can go on.  Returns their number. */
size_t pty_relay_poll(const struct pty_relay *r, struct pollfd fds[static 4]);
/* pty_relay_step - move bytes that @fds says can be moved. */
void pty_relay_step(struct pty_relay *r, const struct pollfd *fds, size_t n);
/* pty_relay_end - write out what the program left, restore the caller's terminal. */
void pty_relay_end(struct pty_relay *r);
