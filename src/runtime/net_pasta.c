/* SPDX-License-Identifier: Apache-2.0 */

/* Network=pasta: another program makes the interface and moves the packets.  Source: pasta(1). */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "net.h"
#include "sbx/cleanup.h"
#include "sbx/net.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "sbx/strv.h"

/* add_ports - of one protocol; without any, "none", since by default pasta publishes all that the inside listens on. */
static void add_ports(const struct net_spec *net, bool udp, struct strv *ret)
{
	const char *option = udp ? "-u" : "-t";
	char text[NET_ADDR_TEXT_MAX];
	size_t before = ret->n;
	for (size_t i = 0; i < net->n_ports; i++) {
		const struct port_spec *port = &net->ports[i];
		if (port->udp != udp)
			continue;
		net_addr_text(&port->host_addr, text);
		strv_add(ret, option);
		strv_addf(ret, "%s/%u:%u", text, port->host_port, port->port);
	}
	if (ret->n == before) {
		strv_add(ret, option);
		strv_add(ret, "none");
	}
}

/* It writes its process number where --pid says when the interface is there: that is how it is known to be ready.
 * --no-map-gw and -T, -U: nothing of the host's loopback is in reach. */
static void pasta_args(const struct net_spec *net, pid_t sandbox_pid, int ready_fd, struct strv *ret)
{
	static const char *const fixed[] = {"--quiet", "--foreground", "--config-net", "--no-map-gw", "-T", "none",
		"-U", "none", "-I", NET_TAP_NAME, "--dns-forward", NET_DNS4};
	strv_add(ret, net->helper_path);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		strv_add(ret, fixed[i]);
	if (!net->ipv6)
		strv_add(ret, "--ipv4-only");
	add_ports(net, false, ret);
	add_ports(net, true, ret);
	strv_addf(ret, "--pid=/dev/fd/%d", ready_fd);
	strv_addf(ret, "%d", (int)sandbox_pid);
}

int pasta_start(const struct net_spec *net, pid_t sandbox_pid, struct net_helper *ret, struct sbx_err *err)
{
	int ready[2], out[2];
	if (pipe2(ready, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	ret->control_fd = ready[0];
	_cleanup_close_ int theirs = ready[1];
	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return sbx_fail(err, -errno, "pipe");
	ret->out_fd = out[0];
	_cleanup_close_ int their_out = out[1];
	_cleanup_strv_ struct strv words = {0};
	pasta_args(net, sandbox_pid, theirs, &words);
	pid_t pid = helper_spawn((const char *const *)words.v, their_out, &theirs, 1, &ret->pidfd, err);
	return pid < 0 ? sbx_err_prefix(err, pid, "the helper of Network=pasta") : 0;
}

int pasta_hear(struct net_helper *helper, struct sbx_err *err)
{
	char number[32];
	if (read(helper->control_fd, number, sizeof number) > 0) {
		/* It says nothing more. */
		cleanup_close(&helper->control_fd);
		helper->ready = true;
		return 0;
	}
	_cleanup_free_ char *why = net_why(helper);
	return sbx_fail_plain(err, -EPIPE, "%s: pasta ended before the network was there%s%s", helper->spec->origin,
		why ? ": " : "", why ? why : "");
}
