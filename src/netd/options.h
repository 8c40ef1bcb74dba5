/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The command line of sbx-net, which the launcher writes (src/runtime/net.c). */

#include <stdbool.h>
#include <stddef.h>
#include "allow.h"
#include "sbx/err.h"
#include "sbx/netaddr.h"

struct publish_option {
	bool udp;
	struct net_addr host_addr;
	uint16_t host_port, port;
};

struct netd_options {
	int control_fd, stats_fd;
	int log_fd; /* -1: no log */
	bool ipv6;
	bool host_ports;    /* some port of the host's loopback may be reached */
	bool publishes_udp; /* some published port is UDP's */
	struct publish_option *publish;
	size_t n_publish;
	struct allow *allow; /* filled by --allow-domain, --allow-address, --host-port */
};

/* netd_options_parse - @ret->control_fd is set as soon as it is known, so that a failure can be told to the launcher.
 * Returns 0, -EINVAL. */
int netd_options_parse(int argc, char **argv, struct netd_options *ret, struct sbx_err *err);
void netd_options_clear(struct netd_options *options);
