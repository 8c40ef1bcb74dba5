/* SPDX-License-Identifier: Apache-2.0 */

/* Values with a form of their own: id maps, resource limits, UserNS, Scratch. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/profile.h"
#include "sbx/str.h"

int idmap_arg_parse(const char *word, struct idmap_arg *ret, struct sbx_err *err)
{
	_cleanup_free_ char *text = xstrdup(word);
	char *rest = text;
	const char *inside = strsep(&rest, ":"), *outside = strsep(&rest, ":"), *count = rest;
	uint64_t n;

	if (!count || parse_id(inside, &ret->inside) < 0 || parse_id(outside, &ret->outside) < 0 ||
		parse_u64(count, UINT32_MAX, &n) < 0 || n == 0)
		return sbx_fail_plain(err, -EINVAL, "'%s'; expected INSIDE:OUTSIDE:COUNT, three numbers", word);
	ret->count = (uint32_t)n;
	return 0;
}

enum limit_unit { UNIT_COUNT, UNIT_SIZE, UNIT_SECONDS, UNIT_MICROSECONDS, UNIT_NICE };

static const struct {
	enum profile_key key;
	enum limit_unit unit;
} limit_units[] = {
	{KEY_Limits_LimitCPU, UNIT_SECONDS},
	{KEY_Limits_LimitFSIZE, UNIT_SIZE},
	{KEY_Limits_LimitDATA, UNIT_SIZE},
	{KEY_Limits_LimitSTACK, UNIT_SIZE},
	{KEY_Limits_LimitCORE, UNIT_SIZE},
	{KEY_Limits_LimitRSS, UNIT_SIZE},
	{KEY_Limits_LimitAS, UNIT_SIZE},
	{KEY_Limits_LimitMEMLOCK, UNIT_SIZE},
	{KEY_Limits_LimitMSGQUEUE, UNIT_SIZE},
	{KEY_Limits_LimitNICE, UNIT_NICE},
	{KEY_Limits_LimitRTTIME, UNIT_MICROSECONDS},
};

static enum limit_unit unit_of(enum profile_key key)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_units); i++)
		if (limit_units[i].key == key)
			return limit_units[i].unit;
	return UNIT_COUNT;
}

static const char *const expected[] = {
	[UNIT_COUNT] = "a number or infinity",
	[UNIT_SIZE] = "bytes, a size with K, M, G or T, or infinity",
	[UNIT_SECONDS] = "seconds, a time, or infinity",
	[UNIT_MICROSECONDS] = "microseconds, a time with a unit, or infinity",
	[UNIT_NICE] = "a nice value with its sign, +19 to -20, or 0 to 40",
};

/* nice_parse - getrlimit(2): the ceiling is 20 minus the limit. */
static int nice_parse(const char *text, uint64_t *ret)
{
	uint64_t n;
	bool negative = text[0] == '-';

	if (!negative && text[0] != '+')
		return parse_u64(text, 40, ret);
	if (parse_u64(text + 1, negative ? 20 : 19, &n) < 0)
		return -EINVAL;
	*ret = negative ? 20 + n : 20 - n;
	return 0;
}

static int limit_value(enum limit_unit unit, const char *text, uint64_t *ret)
{
	uint64_t ms;

	if (str_eq(text, "infinity")) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	switch (unit) {
	case UNIT_SIZE:
		return parse_size(text, ret);
	case UNIT_SECONDS:
		if (parse_time_ms(text, &ms) < 0)
			return -EINVAL;
		*ret = ms / 1000 + (ms % 1000 != 0); /* whole seconds are what the kernel counts */
		return 0;
	case UNIT_MICROSECONDS:
		if (parse_u64(text, RLIM_INFINITY - 1, ret) == 0)
			return 0;
		if (parse_time_ms(text, &ms) < 0 || ms > UINT64_MAX / 1000)
			return -EINVAL;
		*ret = ms * 1000;
		return 0;
	case UNIT_NICE:
		return nice_parse(text, ret);
	case UNIT_COUNT:
		break;
	}
	return parse_u64(text, RLIM_INFINITY - 1, ret);
}

int rlimit_arg_parse(enum profile_key key, const char *text, struct rlimit_arg *ret, struct sbx_err *err)
{
	enum limit_unit unit = unit_of(key);
	_cleanup_free_ char *copy = xstrdup(text);
	char *hard = copy, *soft = strsep(&hard, ":");

	if (limit_value(unit, soft, &ret->soft) < 0)
		return sbx_fail_plain(err, -EINVAL, "'%s'; expected SOFT[:HARD], each %s", soft, expected[unit]);
	ret->hard = ret->soft;
	if (hard && limit_value(unit, hard, &ret->hard) < 0)
		return sbx_fail_plain(err, -EINVAL, "'%s'; expected SOFT[:HARD], each %s", hard, expected[unit]);
	if (ret->soft > ret->hard)
		return sbx_fail_plain(
			err, -EINVAL, "'%s': the soft limit is above the hard one; expected SOFT[:HARD]", text);
	return 0;
}

int userns_arg_parse(const char *text, struct userns_arg *ret, struct sbx_err *err)
{
	static const char *const names[] = {"auto", "single", "subuid", "keep-id"};
	_cleanup_free_ char *copy = xstrdup(text);
	char *options = copy, *name = strsep(&options, ":"), *option;
	size_t i = 0;

	*ret = (struct userns_arg){.uid = geteuid(), .gid = getegid()};
	while (i < ARRAY_SIZE(names) && !str_eq(names[i], name))
		i++;
	if (i == ARRAY_SIZE(names) || (options && i != USERNS_KEEP_ID))
		return sbx_fail_plain(
			err, -EINVAL, "'%s'; expected auto, single, subuid or keep-id[:uid=N,gid=N]", text);
	ret->mode = (enum userns_mode)i;
	while ((option = strsep(&options, ","))) {
		uint32_t *id = str_starts(option, "uid=") ? &ret->uid : str_starts(option, "gid=") ? &ret->gid : NULL;
		if (!id || parse_id(option + 4, id) < 0)
			return sbx_fail_plain(err, -EINVAL, "'%s'; expected keep-id[:uid=N,gid=N]", text);
	}
	return 0;
}

int scratch_arg_parse(const char *text, struct scratch_arg *ret, struct sbx_err *err)
{
	*ret = (struct scratch_arg){0};
	if (str_eq(text, "disk"))
		return 0;
	ret->memory = true;
	if (str_eq(text, "memory"))
		return 0;
	if (!str_starts(text, "memory:") || parse_size(text + 7, &ret->size_bytes) < 0 || ret->size_bytes == 0)
		return sbx_fail_plain(err, -EINVAL, "'%s'; expected disk or memory[:SIZE]", text);
	return 0;
}
