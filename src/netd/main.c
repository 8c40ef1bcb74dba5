/* SPDX-License-Identifier: Apache-2.0 */

/* sbx-net: the helper of Network=slirp.  It takes what the sandbox sends from a tap, looks at it, and makes the
 * connections on the host.  Started by the launcher alone; nethelper.h has what the two say to each other. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "confine.h"
#include "gate.h"
#include "options.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/nethelper.h"

#define ASK_EVERY_MS 1000
#define ASK_WAIT_MS 50

struct netd {
	struct netd_options options;
	struct gate gate;
	struct loop_watch control;
	uint64_t asked_ms; /* when the launcher was last asked for the name servers */
};

static int say(int control_fd, enum net_record_kind kind, const struct sbx_err *err)
{
	struct net_record record = {.kind = kind};
	if (err)
		record.err = *err;
	return fd_send(control_fd, &record, sizeof record, NULL, 0);
}

/* control_ready - a record of the launcher; its end is ours. */
static void control_ready(void *data, short revents)
{
	struct netd *n = data;
	struct net_record record;
	int fd = -1;
	size_t n_fds = 1;
	ssize_t len = fd_recv(n->options.control_fd, &record, sizeof record, &fd, &n_fds);
	_cleanup_close_ int passed = len > 0 && n_fds == 1 ? fd : -1;
	(void)revents;
	if (len == -EAGAIN || len == -EINTR)
		return;
	if (len != sizeof record) {
		loop_end(n->gate.loop);
		return;
	}
	if (record.kind == NET_TAP && passed >= 0 && n->gate.tap_fd < 0)
		gate_open(&n->gate, steal_fd(&passed));
	if (record.kind == NET_DNS && record.n_servers <= NET_DNS_SERVERS_MAX)
		dns_set_servers(n->gate.dns, record.servers, record.n_servers);
}

/* servers_refresh - the host's name servers as they are now: this process cannot see the file, and a watch on it would
 * have to be waited for at the end.  The launcher answers at once, unless it is stopped. */
static void servers_refresh(void *data)
{
	struct netd *n = data;
	uint64_t now_ms = loop_now_ms();
	struct pollfd p = {.fd = n->options.control_fd, .events = POLLIN};
	if (n->asked_ms && now_ms - n->asked_ms < ASK_EVERY_MS)
		return;
	n->asked_ms = now_ms;
	if (say(n->options.control_fd, NET_ASK, NULL) == 0 && poll(&p, 1, ASK_WAIT_MS) > 0)
		control_ready(n, p.revents);
}

/* name_asked - a name that is refused is what a person who writes an allow-list looks for in the log. */
static void name_asked(void *data, const char *name, bool allowed)
{
	struct gate *gate = data;
	struct net_addr server;
	if (allowed || net_addr_parse(NET_DNS4, &server) < 0)
		return;
	netlog_write(&gate->log, "dns", name, &server, 53, false);
}

static int stats_map(struct netd *n, struct sbx_err *err)
{
	void *at = mmap(NULL, sizeof(struct net_stats), PROT_READ | PROT_WRITE, MAP_SHARED, n->options.stats_fd, 0);
	if (at == MAP_FAILED)
		return sbx_fail(err, -errno, "map the counters");
	n->gate.stats = at;
	n->gate.stats->magic = NET_STATS_MAGIC;
	close(n->options.stats_fd);
	return 0;
}

static int set_up(struct netd *n, int argc, char **argv, struct sbx_err *err)
{
	int dns_fd = -1;
	int r = netd_options_parse(argc, argv, &n->options, err);
	if (r == 0)
		r = stats_map(n, err);
	if (r < 0)
		return r;
	const struct stack_options stack = {&n->options, gate_send_from_stack, &n->gate};
	n->gate.log.fd = n->options.log_fd;
	n->gate.loop = loop_new();
	n->gate.allow = n->options.allow;
	for (size_t i = 0; i < n->options.n_publish; i++)
		if (n->options.publish[i].udp)
			gate_publish_udp(&n->gate, n->options.publish[i].port);
	n->gate.before_dns = servers_refresh;
	n->gate.before_dns_data = n;
	r = stack_new(&stack, &n->gate.stack, err);
	if (r < 0)
		return r;
	r = confine_namespaces(STACK_DNS_SOCKET, &dns_fd, err);
	if (r < 0)
		return r;
	const struct dns_options dns = {
		.loop = n->gate.loop,
		.allow = n->gate.allow,
		.stats = n->gate.stats,
		.send_frame = gate_send,
		.asked = name_asked,
		.data = &n->gate,
	};
	n->gate.dns = dns_new(&dns);
	dns_listen(n->gate.dns, dns_fd);
	return confine_last(err);
}

int main(int argc, char **argv)
{
	static struct netd n; /* the flow table is no matter for a stack */
	struct sbx_err err = {0};
	n.gate.tap_fd = n.options.control_fd = n.gate.log.fd = -1;
	/* libslirp writes to sockets whose other end may be gone; a log that may not grow loses lines. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (set_up(&n, argc, argv, &err) < 0) {
		if (n.options.control_fd < 0 || say(n.options.control_fd, NET_FAILED, &err) < 0)
			fprintf(stderr, "%s\n", err.msg);
		return EXIT_FAILURE;
	}
	n.control =
		(struct loop_watch){.fd = n.options.control_fd, .events = POLLIN, .ready = control_ready, .data = &n};
	loop_add(n.gate.loop, &n.control);
	if (say(n.options.control_fd, NET_READY, NULL) < 0)
		return EXIT_FAILURE;
	const struct loop_guest guest = stack_guest(n.gate.stack);
	return loop_run(n.gate.loop, &guest) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
