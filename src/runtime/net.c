/* SPDX-License-Identifier: Apache-2.0 */

/* The launcher's side of sbx-net. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/log.h"
#include "sbx/net.h"
#include "sbx/nethelper.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "sbx/strv.h"

#define READY_WAIT_MS 20000
#define END_WAIT_MS 1000

/* helper_args - the command line of sbx-net.  Nothing in it is secret: what it may reach stands in the profile. */
static void helper_args(const struct net_spec *net, int control_fd, int stats_fd, int log_fd, struct strv *ret)
{
	char text[NET_ADDR_TEXT_MAX];
	strv_add(ret, net->helper_path);
	strv_addf(ret, "--control=%d", control_fd);
	strv_addf(ret, "--stats=%d", stats_fd);
	if (log_fd >= 0)
		strv_addf(ret, "--log=%d", log_fd);
	strv_addf(ret, "--ipv6=%s", net->ipv6 ? "yes" : "no");
	for (size_t i = 0; i < net->n_ports; i++) {
		net_addr_text(&net->ports[i].host_addr, text);
		strv_addf(ret, "--publish=%s:[%s]:%u:%u", net->ports[i].udp ? "udp" : "tcp", text,
			net->ports[i].host_port, net->ports[i].port);
	}
	for (size_t i = 0; i < net->n_host_ports; i++)
		strv_addf(ret, "--host-port=%u", net->host_ports[i]);
	for (size_t i = 0; i < net->allow_domains.n; i++)
		strv_addf(ret, "--allow-domain=%s", net->allow_domains.v[i]);
	for (size_t i = 0; i < net->allow_addresses.n; i++)
		strv_addf(ret, "--allow-address=%s", net->allow_addresses.v[i]);
}

/* stats_open - the file of the counters, as long as they are. */
static int stats_open(const struct run_state *state, struct sbx_err *err)
{
	_cleanup_close_ int fd =
		openat(state->fd, STATE_NET_STATS, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct net_stats)) < 0)
		return sbx_fail(err, -errno, "make the network counters of %s", state->name);
	return steal_fd(&fd);
}

static int fd_order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int start_slirp(
	const struct net_spec *net, const struct run_state *state, struct net_helper *ret, struct sbx_err *err)
{
	int pair[2], out[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sbx_fail(err, -errno, "socketpair");
	ret->control_fd = pair[0];
	_cleanup_close_ int theirs = pair[1];
	/* Nobody reads while it runs: what does not fit is dropped. */
	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return sbx_fail(err, -errno, "pipe");
	ret->out_fd = out[0];
	_cleanup_close_ int their_out = out[1];
	_cleanup_close_ int stats = stats_open(state, err);
	if (stats < 0)
		return stats;
	_cleanup_close_ int log = net->log ? state_net_log_open(state, err) : -1;
	if (net->log && log < 0)
		return log;
	_cleanup_strv_ struct strv words = {0};
	helper_args(net, theirs, stats, log, &words);
	int keep[3] = {theirs, stats, log};
	size_t n_keep = log >= 0 ? 3 : 2;
	qsort(keep, n_keep, sizeof *keep, fd_order);
	pid_t pid = helper_spawn((const char *const *)words.v, their_out, keep, n_keep, &ret->pidfd, err);
	return pid < 0 ? sbx_err_prefix(err, pid, "the helper of Network=slirp") : 0;
}

int net_start(const struct sandbox_spec *spec, pid_t sandbox_pid, const struct run_state *state, struct net_helper *ret,
	struct sbx_err *err)
{
	*ret = NET_HELPER_NONE;
	if (spec->net.kind != NET_SLIRP && spec->net.kind != NET_PASTA)
		return 0;
	ret->spec = &spec->net;
	if (spec->net.kind == NET_PASTA)
		return pasta_start(&spec->net, sandbox_pid, ret, err);
	return start_slirp(&spec->net, state, ret, err);
}

static int send_servers(struct net_helper *helper, struct sbx_err *err)
{
	const struct net_spec *net = helper->spec;
	struct net_record record = {.kind = NET_DNS};
	_cleanup_(resolv_clear) struct resolv host = {0};
	if (net->n_servers > 0) {
		memcpy(record.servers, net->servers, sizeof record.servers);
		record.n_servers = (uint32_t)net->n_servers;
	} else {
		int r = resolv_read(&host, err);
		if (r < 0)
			return r;
		memcpy(record.servers, host.servers, sizeof record.servers);
		record.n_servers = (uint32_t)host.n_servers;
	}
	int r = fd_send(helper->control_fd, &record, sizeof record, NULL, 0);
	return r < 0 ? sbx_fail(err, r, "tell sbx-net the name servers") : 0;
}

/* failed_origin - the line of the profile behind what sbx-net says: that of the port which it names, else the
 * network's. Source: publish() of src/netd/stack.c. */
static const char *failed_origin(const struct net_spec *net, const char *message)
{
	for (size_t i = 0; i < net->n_ports; i++) {
		char address[NET_ADDR_TEXT_MAX];
		const struct port_spec *port = &net->ports[i];
		net_addr_text(&port->host_addr, address);
		_cleanup_free_ char *start =
			xasprintf(net_addr_is4(&port->host_addr) ? "publish %s:%u/%s" : "publish [%s]:%u/%s", address,
				port->host_port, port->udp ? "udp" : "tcp");
		if (str_starts(message, start))
			return port->origin;
	}
	return net->origin;
}

/* hear_record - one record of sbx-net.  0: it goes on; -errno: it failed, or is gone. */
static int hear_record(struct net_helper *helper, struct sbx_err *err)
{
	struct net_record record;
	struct sbx_err why = {0};
	size_t n_fds = 0;
	ssize_t n = fd_recv(helper->control_fd, &record, sizeof record, NULL, &n_fds);
	/* It ended without reading all that it was sent; what it said before comes after that. */
	if (n == -ECONNRESET)
		n = fd_recv(helper->control_fd, &record, sizeof record, NULL, &n_fds);
	if (n == 0 || n == -ECONNRESET) {
		_cleanup_free_ char *said = net_why(helper);
		return sbx_fail_plain(err, -EPIPE, "sbx-net, the helper of Network=slirp, ended%s%s", said ? ": " : "",
			said ? said : "");
	}
	if (n != sizeof record)
		return sbx_fail_plain(err, -EPROTO, "sbx-net sent something that is not understood");
	switch (record.kind) {
	case NET_READY:
		helper->ready = true;
		return 0;
	case NET_ASK:
		/* The file may be away for the moment in which a program replaces it: then the old servers are asked.
		 */
		if (send_servers(helper, &why) < 0)
			log_debug("%s", why.msg);
		return 0;
	case NET_FAILED:
		*err = record.err;
		err->msg[sizeof err->msg - 1] = '\0';
		if (err->code >= 0)
			err->code = -EIO;
		return sbx_err_prefix(err, err->code, "%s", failed_origin(helper->spec, err->msg));
	default:
		return sbx_fail_plain(err, -EPROTO, "sbx-net sent the unknown record %u", record.kind);
	}
}

int net_wait_ready(struct net_helper *helper, struct sbx_err *err)
{
	struct pollfd p = {.fd = helper->control_fd, .events = POLLIN};
	int r = 0;
	while (r == 0 && !helper->ready) {
		if (poll(&p, 1, READY_WAIT_MS) <= 0)
			return sbx_fail_plain(err, -ETIMEDOUT,
				"%s, which serves the network, was not ready within %d s", helper->spec->helper_path,
				READY_WAIT_MS / 1000);
		r = net_hear(helper, err);
	}
	return r;
}

int net_give_tap(struct net_helper *helper, int tap_fd, struct sbx_err *err)
{
	const struct net_record record = {.kind = NET_TAP};
	int r = fd_send(helper->control_fd, &record, sizeof record, &tap_fd, 1);
	if (r < 0)
		/* It has said why before it ended. */
		return hear_record(helper, err) < 0 ? err->code : sbx_fail(err, r, "hand the tap to sbx-net");
	r = send_servers(helper, err);
	return r;
}

int net_hear(struct net_helper *helper, struct sbx_err *err)
{
	return helper->spec->kind == NET_PASTA ? pasta_hear(helper, err) : hear_record(helper, err);
}

char *net_why(struct net_helper *helper)
{
	char text[1024];
	ssize_t n = read(helper->out_fd, text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return *text ? text_escape(text) : NULL;
}

void net_end(struct net_helper *helper)
{
	/* sbx-net ends with the socket, and takes its own child with it, once it has one; pasta does not notice. */
	cleanup_close(&helper->control_fd);
	if (helper->pidfd >= 0) {
		struct pollfd p = {.fd = helper->pidfd, .events = POLLIN};
		if (!helper->ready || helper->spec->kind == NET_PASTA || poll(&p, 1, END_WAIT_MS) <= 0)
			sys_pidfd_send_signal(helper->pidfd, SIGKILL);
		pidfd_wait(helper->pidfd, NULL);
	}
	cleanup_close(&helper->pidfd);
	cleanup_close(&helper->out_fd);
}
