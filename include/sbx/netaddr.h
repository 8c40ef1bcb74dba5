/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Addresses of both families, and as text.  (src/sys) */

#include <stdbool.h>
#include <stdint.h>

/* An address of either family: IPv4 stands in the last four bytes as ::ffff:a.b.c.d. */
struct net_addr {
	uint8_t bytes[16];
};

struct net_server {
	struct net_addr addr;
	uint32_t scope_id; /* of a link-local IPv6 address; else 0 */
	uint16_t port;     /* host order */
};

/* net_addr_parse - an IPv4 or IPv6 address in text.  Returns 0, -EINVAL.  net_addr_text - the other way. */
#define NET_ADDR_TEXT_MAX 46
int net_addr_parse(const char *text, struct net_addr *ret);
void net_addr_text(const struct net_addr *addr, char ret[static NET_ADDR_TEXT_MAX]);
bool net_addr_is4(const struct net_addr *addr);

/* net_server_parse - IP[#PORT], as in DNS=; without a port 53.  A zone (fe80::1%eth0) is looked up among the host's
 * interfaces.  Returns 0, -EINVAL. */
int net_server_parse(const char *text, struct net_server *ret);
