/* SPDX-License-Identifier: Apache-2.0 */

/* The texts of AllowDomain= and AllowAddress=. */

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/str.h"
#include "allow_parse.h"

/* ::ffff:0:0/96, under which struct net_addr keeps IPv4. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
#define MAPPED_BITS 96

#define NAME_MAX_CHARS 253 /* RFC 1035, 3.1: 255 octets with the lengths and the root */
#define LABEL_MAX_CHARS 63

/* RFC 1123, 2.1: letters, digits and inner hyphens; the last label is not all digits, or it would be an address. */
static bool is_host_name(const char *s)
{
	size_t label = 0, digits = 0, n = strlen(s);

	if (n == 0 || n > NAME_MAX_CHARS)
		return false;
	for (size_t i = 0; i <= n; i++) {
		bool end = s[i] == '.' || s[i] == '\0';
		if (end && (label == 0 || label > LABEL_MAX_CHARS || s[i - 1] == '-' || s[i - label] == '-'))
			return false;
		if (s[i] == '\0')
			return digits < label;
		if (!end && !(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '-')
			return false;
		digits = end ? 0 : digits + (s[i] >= '0' && s[i] <= '9');
		label = end ? 0 : label + 1;
	}
	return false;
}

/* take_port - cut ":PORT" off; 0 where there is none. */
static int take_port(char *colon, const char *text, uint16_t *ret, struct sbx_err *err)
{
	uint64_t port = 0;
	if (colon && (parse_u64(colon + 1, UINT16_MAX, &port) < 0 || port == 0))
		return sbx_fail_plain(err, -EINVAL, "%s: the port is not a number from 1 to 65535", text);
	if (colon)
		*colon = '\0';
	*ret = (uint16_t)port;
	return 0;
}

int allow_domain_parse(const char *text, struct allow_domain *ret, struct sbx_err *err)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *name = copy;
	int r = take_port(strrchr(copy, ':'), text, &ret->port, err);

	if (r < 0)
		return r;
	ret->wildcard = str_starts(name, "*.");
	if (ret->wildcard)
		name += 2;
	size_t n = strlen(name);
	if (n > 1 && name[n - 1] == '.')
		name[n - 1] = '\0';
	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	if (!is_host_name(name))
		return sbx_fail_plain(err, -EINVAL,
			"%s: not NAME[:PORT] or *.NAME[:PORT] with a name of letters, digits, hyphens and dots", text);
	ret->name = xstrdup(name);
	return 0;
}

static void mask(struct net_addr *addr, uint8_t bits)
{
	for (size_t i = 0; i < sizeof addr->bytes; i++) {
		size_t kept = bits > i * 8 ? bits - i * 8 : 0;
		if (kept < 8)
			addr->bytes[i] &= (uint8_t)(0xff00u >> kept);
	}
}

/* set_address - ADDRESS[/BITS]; what stands behind the bits is cut off. */
static bool set_address(char *s, struct allow_range *range)
{
	char *slash = strchr(s, '/');
	bool ip6 = strchr(s, ':');
	uint64_t bits = ip6 ? 128 : 32;

	if (slash && parse_u64(slash + 1, bits, &bits) < 0)
		return false;
	if (slash)
		*slash = '\0';
	memcpy(range->addr.bytes, mapped, sizeof mapped);
	if (inet_pton(ip6 ? AF_INET6 : AF_INET, s, ip6 ? range->addr.bytes : range->addr.bytes + 12) != 1)
		return false;
	/* IPv4 is written as such. */
	if (ip6 && memcmp(range->addr.bytes, mapped, sizeof mapped) == 0)
		return false;
	range->bits = (uint8_t)(ip6 ? bits : bits + MAPPED_BITS);
	mask(&range->addr, range->bits);
	return true;
}

int allow_range_parse(const char *text, struct allow_range *ret, struct sbx_err *err)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *address = copy, *close = strchr(copy, ']'), *colon = strchr(copy, ':');

	if (*copy == '[' && close) {
		address = copy + 1;
		*close = '\0';
		colon = close[1] == ':' ? close + 1 : NULL;
		if (close[1] && !colon)
			return sbx_fail_plain(err, -EINVAL, "%s: after ] comes :PORT or nothing", text);
		if (!strchr(address, ':'))
			return sbx_fail_plain(err, -EINVAL, "%s: brackets are for IPv6", text);
	} else if (colon && strchr(colon + 1, ':')) {
		colon = NULL; /* IPv6 without a port */
	}
	int r = take_port(colon, text, &ret->port, err);
	if (r < 0)
		return r;
	if (!set_address(address, ret))
		return sbx_fail_plain(
			err, -EINVAL, "%s: not ADDRESS[/BITS][:PORT], or [ADDRESS[/BITS]]:PORT for IPv6", text);
	return 0;
}

bool allow_range_has(const struct allow_range *range, const struct net_addr *addr)
{
	size_t whole = range->bits / 8;
	uint8_t rest = (uint8_t)(0xff00u >> range->bits % 8);

	if (range->bits < MAPPED_BITS && memcmp(addr->bytes, mapped, sizeof mapped) == 0)
		return false; /* ::/0 is all of IPv6, not IPv4 */
	return memcmp(range->addr.bytes, addr->bytes, whole) == 0 &&
	       (range->bits % 8 == 0 || ((range->addr.bytes[whole] ^ addr->bytes[whole]) & rest) == 0);
}
