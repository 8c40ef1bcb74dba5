/* SPDX-License-Identifier: Apache-2.0 */

/* The one checked parser of untrusted numbers. strtoul(3) would skip blanks, take signs and prefixes, and wrap. */

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "sbx/parse.h"

static int parse_digits(const char **s, unsigned base, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = *s;
	if (*p < '0' || *p >= (char)('0' + (int)base))
		return -EINVAL;
	for (; *p >= '0' && *p < (char)('0' + (int)base); p++) {
		uint64_t digit = (uint64_t)(*p - '0');
		if (value > (UINT64_MAX - digit) / base)
			return -ERANGE;
		value = value * base + digit;
		if (value > max)
			return -ERANGE;
	}
	*s = p;
	*ret = value;
	return 0;
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	int r = parse_digits(&s, 10, max, ret);
	return r < 0 ? r : *s ? -EINVAL : 0;
}

int parse_octal(const char *s, uint32_t max, uint32_t *ret)
{
	uint64_t value;
	int r = parse_digits(&s, 8, max, &value);
	if (r < 0)
		return r;
	if (*s)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

int parse_id(const char *s, uint32_t *ret)
{
	uint64_t value;
	int r = parse_u64(s, UINT32_MAX - 1, &value);
	if (r == 0)
		*ret = (uint32_t)value;
	return r;
}

int parse_size(const char *s, uint64_t *ret_bytes)
{
	uint64_t value;
	int r = parse_digits(&s, 10, UINT64_MAX, &value);
	if (r < 0)
		return r;
	static const char units[] = "KMGT";
	if (*s) {
		const char *unit = strchr(units, toupper((unsigned char)*s));
		if (!unit || s[1])
			return -EINVAL;
		unsigned shift = 10u * (unsigned)(unit - units + 1);
		if (value > UINT64_MAX >> shift)
			return -ERANGE;
		value <<= shift;
	}
	*ret_bytes = value;
	return 0;
}

int parse_time_ms(const char *s, uint64_t *ret_ms)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"sec", 1000}, {"min", 60000}, {"m", 60000}, {"h", 3600000},
		{"d", 86400000}};
	const uint64_t max = (uint64_t)1 << 48; /* far beyond any sandbox, far below overflow */
	uint64_t whole, thousandths = 0;
	int r = parse_digits(&s, 10, max, &whole);
	if (r < 0)
		return r;
	if (*s == '.') {
		uint64_t scale = 100;
		if (!isdigit((unsigned char)*++s))
			return -EINVAL;
		for (; isdigit((unsigned char)*s); s++, scale /= 10)
			thousandths += (uint64_t)(*s - '0') * scale;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(s, units[i].name) != 0)
			continue;
		if (whole > max / units[i].ms)
			return -ERANGE;
		*ret_ms = whole * units[i].ms + thousandths * units[i].ms / 1000;
		return 0;
	}
	return -EINVAL;
}

int parse_bool(const char *s, bool *ret)
{
	static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off", "0"};
	for (size_t i = 0; i < 4; i++) {
		bool is_yes = strcasecmp(s, yes[i]) == 0;
		if (is_yes || strcasecmp(s, no[i]) == 0) {
			*ret = is_yes;
			return 0;
		}
	}
	return -EINVAL;
}
