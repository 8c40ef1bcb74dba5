/* SPDX-License-Identifier: Apache-2.0 */

/* /etc/subuid and /etc/subgid: lines of NAME_OR_NUMBER:START:COUNT.  Source: subuid(5). */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/idmap.h"
#include "sbx/parse.h"

#define SUBID_FILE_MAX_BYTES (4u << 20)

/* is_owner - whether the first field of a line names the caller, by name or by number. */
static bool is_owner(const char *field, uid_t uid, const char *user_name)
{
	uint32_t number;
	if (user_name && strcmp(field, user_name) == 0)
		return true;
	return parse_id(field, &number) == 0 && number == uid;
}

/* read_range - one line, which is cut into its fields.  A malformed line is passed over, as newuidmap does. */
static bool read_range(char *line, uid_t uid, const char *user_name, uint32_t *ret_start, uint32_t *ret_count)
{
	char *rest = line;
	const char *owner = strsep(&rest, ":"), *start = strsep(&rest, ":"), *count = strsep(&rest, ":");
	if (!count || rest || !is_owner(owner, uid, user_name))
		return false;
	uint64_t n;
	if (parse_id(start, ret_start) < 0 || parse_u64(count, UINT32_MAX, &n) < 0 || n == 0)
		return false;
	/* The last id, 4294967295, is no id but "unchanged" and "none". */
	uint64_t room = (uint64_t)UINT32_MAX - *ret_start;
	*ret_count = (uint32_t)(n < room ? n : room);
	return *ret_count > 0;
}

int subid_range(const char *file, uid_t uid, const char *user_name, uint32_t *ret_start, uint32_t *ret_count,
	struct sbx_err *err)
{
	/* Opened here and not by read_file_at: some distributions keep links in /etc. */
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return sbx_fail(err, -errno, "open %s", file);
	_cleanup_free_ char *text = NULL;
	int r = read_all(fd, SUBID_FILE_MAX_BYTES, &text, NULL, err);
	if (r < 0)
		return sbx_err_prefix(err, r, "%s", file);
	uint32_t best_start = 0, best_count = 0;
	for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		uint32_t start, count;
		if (!read_range(line, uid, user_name, &start, &count) || count <= best_count)
			continue;
		best_start = start;
		best_count = count;
	}
	if (best_count == 0)
		return sbx_fail_plain(err, -ENOENT, "%s has no range for user %s", file, user_name ? user_name : "?");
	*ret_start = best_start;
	*ret_count = best_count;
	return 0;
}
