/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an uncompressed tar holds, found out by a caged process; nothing is unpacked: members are ranges of the file. */

#include <stddef.h>
#include <stdint.h>
#include "sbx/err.h"

#define ARCHIVE_MEMBERS_MAX 20000

struct archive_member {
	char *name; /* owned: "a/b", no leading "./" or '/' */
	char *link; /* owned: a hard or symbolic link's target as a name in the archive; or NULL */
	uint64_t offset, size_bytes;
};

struct archive_list {
	struct archive_member *v;
	size_t n;
};

/* archive_list - read the list of @fd, a regular file open for reading.  -EBADMSG no tar, or a damaged one. */
int archive_list(int fd, struct archive_list *ret, struct sbx_err *err);
void archive_list_free(struct archive_list *list);
/* archive_find - the member @name, through links.  Borrowed or NULL. */
const struct archive_member *archive_find(const struct archive_list *list, const char *name);

/* --- archive_list's two halves, for its fuzzer --- */

/* archive_list_write - in the caged process: list the tar at @bytes, records to @out_fd. */
int archive_list_write(const void *bytes, size_t size, int out_fd, struct sbx_err *err);
/* archive_list_take - the records of @fd, from its beginning, checked against the archive's size. */
int archive_list_take(int fd, uint64_t size_bytes, struct archive_list *ret, struct sbx_err *err);
