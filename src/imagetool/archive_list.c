/* SPDX-License-Identifier: Apache-2.0 */
/* Listing a tar without unpacking it.  The caged process sees the file as one block of memory, so where libarchive
 * finds a member's data in it is where the data is in the file. */
#include "archive_list.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "confine.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

#define LIST_MAX_BYTES (64u << 20)
#define LINKS_FOLLOWED 8

/* What the caged process writes for each member; the name follows, then the link's target. */
struct list_record {
	uint64_t offset, size_bytes;
	uint32_t name_len, link_len;
};

struct list_job {
	const void *map;
	size_t size;
	int out_fd;
};

static la_ssize_t list_read(struct archive *a, void *data, const void **ret)
{
	struct list_job *rest = data;
	size_t n = rest->size;

	(void)a;
	*ret = rest->map;
	rest->size = 0; /* all at once */
	return (la_ssize_t)n;
}

/* entry_offset - where the data of a plain member begins. */
static int entry_offset(struct archive *a, const char *start, uint64_t size, uint64_t *ret)
{
	const void *block;
	size_t n;
	la_int64_t at;

	*ret = 0;
	if (size == 0)
		return 0;
	if (archive_read_data_block(a, &block, &n, &at) != ARCHIVE_OK || at != 0)
		return -EBADMSG;
	*ret = (uint64_t)((const char *)block - start);
	return 0;
}

static int entry_list(struct archive *a, struct archive_entry *e, const struct list_job *job, struct sbx_err *err)
{
	const char *name = archive_entry_pathname(e), *link = archive_entry_hardlink(e);
	struct list_record rec = {0};

	if (!link && archive_entry_filetype(e) == AE_IFLNK)
		link = archive_entry_symlink(e);
	if (!name || (!link && archive_entry_filetype(e) != AE_IFREG))
		return 0;
	if (!link)
		rec.size_bytes = (uint64_t)archive_entry_size(e);
	/* A sparse member's bytes do not lie in a row; no image tool writes one. */
	if (!link && (archive_entry_sparse_count(e) > 0 || entry_offset(a, job->map, rec.size_bytes, &rec.offset) < 0 ||
			     rec.offset > job->size || rec.size_bytes > job->size - rec.offset))
		return sbx_fail_plain(err, -EBADMSG, "its member %s is damaged", name);
	rec.name_len = (uint32_t)strlen(name);
	rec.link_len = link ? (uint32_t)strlen(link) : 0;
	int r = write_all(job->out_fd, &rec, sizeof(rec));
	if (r >= 0)
		r = write_all(job->out_fd, name, rec.name_len);
	if (r >= 0 && link)
		r = write_all(job->out_fd, link, rec.link_len);
	return r < 0 ? sbx_fail(err, r, "list its members") : 0;
}

static int entries_list(struct archive *a, const struct list_job *job, struct sbx_err *err)
{
	struct archive_entry *e;
	unsigned n = 0;
	int code, r = 0;

	while ((code = archive_read_next_header(a, &e)) == ARCHIVE_OK || code == ARCHIVE_WARN) {
		if (++n > ARCHIVE_MEMBERS_MAX)
			return sbx_fail_plain(err, -E2BIG, "it has more than %d members", ARCHIVE_MEMBERS_MAX);
		r = entry_list(a, e, job, err);
		if (r < 0)
			return r;
	}
	if (code != ARCHIVE_EOF)
		return sbx_fail_plain(err, -EBADMSG, "it is no tar, or a damaged one (%s)",
			archive_error_string(a) ?: "no reason given");
	return 0;
}

int archive_list_write(const void *bytes, size_t size, int out_fd, struct sbx_err *err)
{
	const struct list_job job = {.map = bytes, .size = size, .out_fd = out_fd};
	struct list_job rest = job;
	struct archive *a = archive_read_new();
	int r;

	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK ||
		archive_read_open(a, &rest, NULL, list_read, NULL) != ARCHIVE_OK)
		r = sbx_fail_plain(err, -EBADMSG, "it is no tar");
	else
		r = entries_list(a, &job, err);
	archive_read_free(a);
	return r;
}

static int list_run(void *data, struct sbx_err *err)
{
	const struct list_job *job = data;

	return archive_list_write(job->map, job->size, job->out_fd, err);
}

/* name_clean - "a/b" of "./a//b" and "/a/b"; for a link, from the directory @dir (NULL: the archive's root).  NULL
 * where it leads out.  New. */
static char *name_clean(const char *dir, const char *name)
{
	_cleanup_free_ char *joined = xasprintf("%s/%s", dir ? dir : "", name);
	_cleanup_strbuf_ struct strbuf out = {0};

	for (char *rest = joined, *part; (part = strsep(&rest, "/"));) {
		if (!*part || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			if (out.len == 0)
				return NULL;
			char *slash = strrchr(out.s, '/');
			out.len = slash ? (size_t)(slash - out.s) : 0;
			out.s[out.len] = '\0';
			continue;
		}
		strbuf_addf(&out, "%s%s", out.len ? "/" : "", part);
	}
	return strbuf_steal(&out);
}

static char *dir_of(const char *name)
{
	const char *slash = strrchr(name, '/');
	return slash ? xstrndup(name, (size_t)(slash - name)) : NULL;
}

/* record_take - the caged process may have been taken over: its numbers and lengths are no better than the archive. */
static int record_take(struct archive_list *list, const char *bytes, size_t left, uint64_t file_size, size_t *ret_used)
{
	struct list_record rec;

	if (left < sizeof(rec))
		return -EBADMSG;
	memcpy(&rec, bytes, sizeof(rec));
	left -= sizeof(rec);
	if (rec.name_len > left || rec.link_len > left - rec.name_len || rec.offset > file_size ||
		rec.size_bytes > file_size - rec.offset || list->n >= ARCHIVE_MEMBERS_MAX)
		return -EBADMSG;
	*ret_used = sizeof(rec) + rec.name_len + rec.link_len;
	_cleanup_free_ char *name = xstrndup(bytes + sizeof(rec), rec.name_len);
	_cleanup_free_ char *link = rec.link_len ? xstrndup(bytes + sizeof(rec) + rec.name_len, rec.link_len) : NULL;
	_cleanup_free_ char *clean = name_clean(NULL, name), *dir = clean ? dir_of(clean) : NULL;
	/* docker save of old: symbolic links "../ID/layer.tar", from the link's directory.  Hard links: from the root.
	 */
	bool relative = link && str_starts(link, "../");
	char *target = link ? name_clean(relative ? dir : NULL, link) : NULL;
	if (!clean || (link && !target)) {
		free(target);
		return 0; /* a name that leads out names nothing that is asked for */
	}
	list->v = xrealloc(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = (struct archive_member){steal_ptr(clean), target, rec.offset, rec.size_bytes};
	return 0;
}

int archive_list_take(int fd, uint64_t size_bytes, struct archive_list *ret, struct sbx_err *err)
{
	_cleanup_free_ char *bytes = NULL;
	size_t n, used = 0;
	int r = lseek(fd, 0, SEEK_SET) < 0 ? sbx_fail(err, -errno, "lseek")
					   : read_all(fd, LIST_MAX_BYTES, &bytes, &n, err);

	for (size_t at = 0; r >= 0 && at < n; at += used) {
		r = record_take(ret, bytes + at, n - at, size_bytes, &used);
		if (r < 0)
			sbx_fail_plain(err, r, "its list of members is damaged");
	}
	return r;
}

static int by_fd(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int archive_list(int fd, struct archive_list *ret, struct sbx_err *err)
{
	_cleanup_close_ int out = memfd_create("sbx-members", MFD_CLOEXEC);
	struct stat st;
	int report_fd;

	*ret = (struct archive_list){0};
	if (out < 0 || fstat(fd, &st) < 0)
		return sbx_fail(err, -errno, "prepare to list the archive");
	if (!S_ISREG(st.st_mode))
		return sbx_fail_plain(err, -EINVAL, "it is no file");
	if (st.st_size == 0)
		return sbx_fail_plain(err, -EBADMSG, "it is empty");
	struct list_job job = {.size = (size_t)st.st_size, .out_fd = out};
	int keep[] = {fd, out};
	qsort(keep, ARRAY_SIZE(keep), sizeof(*keep), by_fd);
	const struct caged_job caged = {
		.run = list_run,
		.data = &job,
		.what = "listing",
		.keep = keep,
		.n_keep = ARRAY_SIZE(keep),
		.file_max_bytes = LIST_MAX_BYTES,
	};
	/* A file cut short meanwhile is SIGBUS over there, and a message here. */
	void *map = mmap(NULL, job.size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return sbx_fail(err, -errno, "map the archive into memory");
	job.map = map;
	pid_t pid = caged_start(&caged, &report_fd, err);
	int r = pid < 0 ? pid : caged_end(&caged, pid, report_fd, err);
	munmap(map, (size_t)st.st_size);
	if (pid >= 0)
		close(report_fd);
	return r < 0 ? r : archive_list_take(out, (uint64_t)st.st_size, ret, err);
}

void archive_list_free(struct archive_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		free(list->v[i].link);
	}
	free(list->v);
	*list = (struct archive_list){0};
}

const struct archive_member *archive_find(const struct archive_list *list, const char *name)
{
	for (int i = 0; i < LINKS_FOLLOWED && name; i++) {
		const struct archive_member *found = NULL;
		/* The last of one name counts, as when it is unpacked. */
		for (size_t j = list->n; j-- > 0 && !found;)
			if (str_eq(list->v[j].name, name))
				found = &list->v[j];
		if (!found || !found->link)
			return found;
		name = found->link;
	}
	return NULL;
}
