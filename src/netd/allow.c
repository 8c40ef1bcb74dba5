/* SPDX-License-Identifier: Apache-2.0 */

/* The lists of the profile and what they let pass. */

#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "allow.h"
#include "allow_learned.h"
#include "allow_parse.h"

struct allow {
	struct allow_domain *domains;
	struct allow_range *ranges;
	size_t n_domains, n_ranges;
	bool host_ports[UINT16_MAX + 1];
	struct learned learned;
};

#define V4(...)                                                               \
	{                                                                     \
		{                                                             \
			0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, __VA_ARGS__ \
		}                                                             \
	}

/* NET_HOST4, NET_DNS4, NET_HOST6 of nethelper.h; the unit test compares. */
static const struct net_addr host4 = V4(10, 213, 7, 1), dns4 = V4(10, 213, 7, 53);
static const struct net_addr host6 = {{0xfd, 0x73, 0x62, 0x78, 0x6e, 0x65, 0x74, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

static const struct allow_range never[] = {
	{V4(0), 96 + 8, 0},         /* "this host": Linux connects it to the loopback */
	{V4(127), 96 + 8, 0},       /* loopback */
	{V4(169, 254), 96 + 16, 0}, /* link-local, and what clouds tell of a machine */
	{V4(224), 96 + 4, 0},       /* multicast */
	{V4(255, 255, 255, 255), 128, 0},
	{V4(10, 213, 7), 96 + NET_PREFIX4_BITS, 0},
	{{{0}}, 96, 0},          /* unspecified, loopback, "IPv4-compatible" (RFC 4291, 2.5.5.1) */
	{{{0xfe, 0x80}}, 10, 0}, /* link-local */
	{{{0xff}}, 8, 0},        /* multicast */
	{{{0xfd, 0x73, 0x62, 0x78, 0x6e, 0x65, 0x74}}, NET_PREFIX6_BITS, 0},
};

/* IPv6 addresses that lead to an IPv4 one: NAT64 (RFC 6052), 6to4 (RFC 3056).  They are what that one is. */
static const struct {
	struct allow_range range;
	size_t at;
} embedded[] = {
	{{{{0x00, 0x64, 0xff, 0x9b}}, 96, 0}, 12},
	{{{{0x20, 0x02}}, 16, 0}, 2},
};

static bool same(const struct net_addr *a, const struct net_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct allow *allow_new(void)
{
	return xcalloc(1, sizeof(struct allow));
}

void allow_free(struct allow *allow)
{
	if (!allow)
		return;
	for (size_t i = 0; i < allow->n_domains; i++)
		free(allow->domains[i].name);
	free(allow->domains);
	free(allow->ranges);
	learned_clear(&allow->learned);
	free(allow);
}

int allow_add_domain(struct allow *allow, const char *text, struct sbx_err *err)
{
	struct allow_domain domain;
	int r = allow_domain_parse(text, &domain, err);
	if (r < 0)
		return r;
	allow->domains = xrealloc(allow->domains, allow->n_domains + 1, sizeof domain);
	allow->domains[allow->n_domains++] = domain;
	return 0;
}

int allow_add_address(struct allow *allow, const char *text, struct sbx_err *err)
{
	struct allow_range range;
	int r = allow_range_parse(text, &range, err);
	if (r < 0)
		return r;
	allow->ranges = xrealloc(allow->ranges, allow->n_ranges + 1, sizeof range);
	allow->ranges[allow->n_ranges++] = range;
	return 0;
}

void allow_add_host_port(struct allow *allow, uint16_t port)
{
	allow->host_ports[port] = port != 0;
}

static bool lists_set(const struct allow *allow)
{
	return allow->n_domains > 0 || allow->n_ranges > 0;
}

static bool domain_has(const struct allow_domain *domain, const char *name)
{
	if (!domain->wildcard)
		return strcmp(name, domain->name) == 0;
	size_t n = strlen(name), m = strlen(domain->name);
	return n > m + 1 && name[n - m - 1] == '.' && strcmp(name + n - m, domain->name) == 0;
}

static bool port_fits(uint16_t allowed, uint16_t port)
{
	return allowed == 0 || allowed == port;
}

bool allow_name(const struct allow *allow, const char *name)
{
	for (size_t i = 0; i < allow->n_domains; i++)
		if (domain_has(&allow->domains[i], name))
			return true;
	return !lists_set(allow);
}

bool allow_never(const struct net_addr *addr)
{
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (allow_range_has(&never[i], addr))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(embedded); i++) {
		struct net_addr inner = V4(0);
		if (!allow_range_has(&embedded[i].range, addr))
			continue;
		memcpy(inner.bytes + 12, addr->bytes + embedded[i].at, 4);
		return allow_never(&inner);
	}
	return false;
}

void allow_learn(struct allow *allow, const char *name, const struct net_addr *addr, uint32_t ttl_s, uint64_t now_ms)
{
	if (!allow_never(addr))
		learned_add(&allow->learned, name, addr, ttl_s, now_ms);
}

const char *allow_name_of(const struct allow *allow, const struct net_addr *addr)
{
	const struct learned_entry *entry = learned_first(&allow->learned, addr);
	return entry ? entry->name : NULL;
}

/* own_net - the few doors in what is never allowed. */
static enum allow_verdict own_net(const struct allow *allow, const struct net_addr *addr, uint16_t port, bool udp)
{
	if (port == 53 && same(addr, &dns4))
		return ALLOW_DNS;
	/* At these two libslirp itself listens (bootp.c, tftp.c), whatever it was told. */
	if (udp && (port == 67 || port == 69))
		return ALLOW_REFUSE;
	if (port != 0 && same(addr, &host4) && allow->host_ports[port])
		return ALLOW_PASS;
	return port == 0 && !udp && (same(addr, &host4) || same(addr, &host6)) ? ALLOW_PASS : ALLOW_REFUSE;
}

static bool name_lets_pass(const struct allow *allow, const char *name, uint16_t port)
{
	for (size_t i = 0; i < allow->n_domains; i++)
		if (port_fits(allow->domains[i].port, port) && domain_has(&allow->domains[i], name))
			return true;
	return false;
}

enum allow_verdict allow_check(
	struct allow *allow, const struct net_addr *addr, uint16_t port, bool udp, uint64_t now_ms)
{
	if (allow_never(addr))
		return own_net(allow, addr, port, udp);
	if (!lists_set(allow))
		return ALLOW_PASS;
	for (size_t i = 0; i < allow->n_ranges; i++)
		if (port_fits(allow->ranges[i].port, port) && allow_range_has(&allow->ranges[i], addr))
			return ALLOW_PASS;
	for (struct learned_entry *e = learned_first(&allow->learned, addr); e; e = learned_next(e)) {
		if (e->until_ms <= now_ms || !name_lets_pass(allow, e->name, port))
			continue;
		if (udp)
			learned_extend(e, now_ms);
		return ALLOW_PASS;
	}
	return ALLOW_REFUSE;
}
