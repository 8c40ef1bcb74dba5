/* SPDX-License-Identifier: Apache-2.0 */

/* What lists an archive (docker save, an OCI layout in a tar): the caged half on the bytes as a tar, the other half on
 * what that wrote and on the bytes as records of a caged half that was taken over. */

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "src/imagetool/archive_list.h"
#include "tar_mutate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static __attribute__((noinline)) void require(bool holds)
{
	if (!holds)
		abort();
}

/* taken_is_whole - what is taken names ranges of the file, by names that lead nowhere else. */
static int taken_is_whole(int fd, size_t n)
{
	struct archive_list list = {0};
	struct sbx_err err = {0};
	int r = archive_list_take(fd, n, &list, &err);

	require(r >= 0 || (r == err.code && err.msg[0]));
	require(list.n <= ARCHIVE_MEMBERS_MAX);
	for (size_t i = 0; i < list.n; i++) {
		const struct archive_member *m = &list.v[i], *found = archive_find(&list, m->name);
		require(m->offset <= n && m->size_bytes <= n - m->offset);
		require(m->name[0] != '/' && !str_starts(m->name, "../") && !strstr(m->name, "/../"));
		require(!found || !found->link);
	}
	archive_list_free(&list);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	_cleanup_close_ int listed = memfd_create("sbx-fuzz", MFD_CLOEXEC);
	_cleanup_close_ int forged = memfd_create("sbx-fuzz", MFD_CLOEXEC);
	struct sbx_err err = {0};

	setlocale(LC_CTYPE, "C.UTF-8");
	require(listed >= 0 && forged >= 0 && write_all(forged, bytes, n) == 0);
	int r = archive_list_write(bytes, n, listed, &err);
	require(r >= 0 || (r == err.code && err.msg[0]));
	int taken = taken_is_whole(listed, n);
	require(r < 0 || taken >= 0);
	taken_is_whole(forged, n);
	return 0;
}
