/* SPDX-License-Identifier: Apache-2.0 */

/* Rules for the values of [Files] and [Limits], most of them the typed words of arg.c and arg_mount.c. */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/str.h"
#include "table.h"

int check_bind(enum profile_key key, const char *word, struct sbx_err *err)
{
	_cleanup_(bind_arg_free) struct bind_arg arg = {0};

	return bind_arg_parse(key, word, &arg, err);
}

int check_tmpfs(enum profile_key key, const char *word, struct sbx_err *err)
{
	_cleanup_(tmpfs_arg_free) struct tmpfs_arg arg = {0};

	(void)key;
	return tmpfs_arg_parse(word, &arg, err);
}

int check_inside(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	return word[0] == '/' ? 0 : sbx_fail_plain(err, -EINVAL, "expected a path inside that begins with /");
}

int check_idmap(enum profile_key key, const char *word, struct sbx_err *err)
{
	struct idmap_arg arg;

	(void)key;
	return idmap_arg_parse(word, &arg, err);
}

int check_rlimit(enum profile_key key, const char *word, struct sbx_err *err)
{
	struct rlimit_arg arg;

	return rlimit_arg_parse(key, word, &arg, err);
}

int check_userns(enum profile_key key, const char *word, struct sbx_err *err)
{
	struct userns_arg arg;

	(void)key;
	return userns_arg_parse(word, &arg, err);
}

int check_scratch(enum profile_key key, const char *word, struct sbx_err *err)
{
	struct scratch_arg arg;

	(void)key;
	return scratch_arg_parse(word, &arg, err);
}

int check_cpus(enum profile_key key, const char *word, struct sbx_err *err)
{
	_cleanup_free_ char *copy = xstrdup(word);
	char *rest = copy, *range;
	uint64_t first, last;

	(void)key;
	long processors = sysconf(_SC_NPROCESSORS_CONF);
	while ((range = strsep(&rest, ","))) {
		char *end = range, *begin = strsep(&end, "-");
		if (parse_u64(begin, 65535, &first) < 0 || (end && (parse_u64(end, 65535, &last) < 0 || last < first)))
			return sbx_fail_plain(err, -EINVAL, "no processors; expected numbers and ranges, 0-3,5");
		if (processors > 0 && (end ? last : first) >= (uint64_t)processors)
			return sbx_fail_plain(
				err, -ERANGE, "beyond this machine, whose processors are 0 to %ld", processors - 1);
	}
	return 0;
}

int check_io_size(enum profile_key key, const char *word, struct sbx_err *err)
{
	uint64_t bytes;

	(void)key;
	if (parse_size(word, &bytes) < 0 || bytes == 0)
		return sbx_fail_plain(err, -EINVAL, "expected bytes a second, or a number with K, M, G or T");
	return 0;
}

int check_io_count(enum profile_key key, const char *word, struct sbx_err *err)
{
	uint64_t n;

	(void)key;
	if (parse_u64(word, UINT32_MAX, &n) < 0 || n == 0)
		return sbx_fail_plain(err, -EINVAL, "expected operations a second, a number");
	return 0;
}
