/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses and name servers as text. */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/netaddr.h"
#include "sbx/parse.h"
#include "sbx/str.h"

#define DNS_PORT 53

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool net_addr_is4(const struct net_addr *addr)
{
	return memcmp(addr->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

int net_addr_parse(const char *text, struct net_addr *ret)
{
	memcpy(ret->bytes, mapped_prefix, sizeof mapped_prefix);
	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, ret->bytes) == 1 ? 0 : -EINVAL;
	return inet_pton(AF_INET, text, ret->bytes + sizeof mapped_prefix) == 1 ? 0 : -EINVAL;
}

void net_addr_text(const struct net_addr *addr, char ret[static NET_ADDR_TEXT_MAX])
{
	if (net_addr_is4(addr))
		inet_ntop(AF_INET, addr->bytes + sizeof mapped_prefix, ret, NET_ADDR_TEXT_MAX);
	else
		inet_ntop(AF_INET6, addr->bytes, ret, NET_ADDR_TEXT_MAX);
}

int net_server_parse(const char *text, struct net_server *ret)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *port = copy, *address = strsep(&port, "#"), *zone = address;
	uint64_t number = DNS_PORT;
	address = strsep(&zone, "%");
	*ret = (struct net_server){0};
	if (port && (parse_u64(port, UINT16_MAX, &number) < 0 || number == 0))
		return -EINVAL;
	ret->port = (uint16_t)number;
	if (zone && (ret->scope_id = if_nametoindex(zone)) == 0)
		return -EINVAL;
	return net_addr_parse(address, &ret->addr);
}
