/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A sandbox's network, the launcher's side of it: interfaces, addresses as text, the host's name servers.  (src/net) */

#include <stdbool.h>
#include <stddef.h>
#include "sbx/err.h"
#include "sbx/netaddr.h"
#include "sbx/nethelper.h"

/* net_up_loopback - the loopback interface of the caller's network namespace.
 * net_up_tap - the same, and a tap named NET_TAP_NAME with the sandbox's addresses, routes and MTU.  It exists as long
 * as the descriptor, which is returned, is open in some process. Context: child, before pivot (/dev/net/tun is the
 * host's), with CAP_NET_ADMIN over the namespace. Source: rtnetlink(7), Linux Documentation/networking/tuntap.rst. */
int net_up_loopback(struct sbx_err *err);
int net_up_tap(bool ipv6, struct sbx_err *err);

/* net_allow_ping - let the groups @first to @last of the caller's user namespace open ICMP sockets, so that ping needs
 * no capability inside.  A kernel that does not take it leaves ping as it was.  Context: child, before pivot. Source:
 * icmp(7), ping_group_range. */
void net_allow_ping(uint32_t first, uint32_t last);

/* net_has_ipv6 - whether this kernel does IPv6 at all. */
bool net_has_ipv6(void);

/* What the host's /etc/resolv.conf says. */
struct resolv {
	struct net_server servers[NET_DNS_SERVERS_MAX];
	size_t n_servers;
	char *search;  /* the domains of the last search or domain line, blanks between; NULL: none */
	char *options; /* of all options lines; NULL: none */
};
#define RESOLV_CONF "/etc/resolv.conf"
/* resolv_read - without the file, or without servers in it, that is the one on the loopback, as resolv.conf(5) says.
 * Lines that resolv.conf(5) does not know, and servers that are no addresses, are left out, as resolvers do.
 * resolv_parse - the same of @text, which it changes.  resolv_clear frees. */
int resolv_read(struct resolv *ret, struct sbx_err *err);
void resolv_parse(char *text, struct resolv *ret);
void resolv_clear(struct resolv *resolv);
