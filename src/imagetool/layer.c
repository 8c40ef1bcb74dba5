/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over a layer's tar. */
#include "layer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "tar_input.h"

#define NAME_SHOWN_BYTES 300 /* of an entry in a message, so that the reason behind it has room */

/* name_kind - 0 an ordinary name; 1 a whiteout; 2 to be left out: AUFS's own (.wh..wh.plnk and such). */
static int name_kind(const char *path, const char *leaf, struct sbx_err *err)
{
	for (const char *p = path; p < leaf; p = strchr(p, '/') + 1) {
		if (str_starts(p, ".wh..wh."))
			return 2;
		if (str_starts(p, ".wh."))
			return sbx_fail_plain(err, -EINVAL, "it lies below a whiteout");
	}
	if (str_starts(leaf, ".wh..wh."))
		return strcmp(leaf, ".wh..wh..opq") == 0 ? 1 : 2;
	return str_starts(leaf, ".wh.");
}

static int entry_handle(struct layer_writer *w, struct archive *a, struct archive_entry *e, const char *name,
	const char *link, struct sbx_err *err)
{
	_cleanup_free_ char *path = NULL;
	int r = layer_path_clean(name, &path, err);

	if (r < 0)
		return r;
	if (!*path) {
		if (link || archive_entry_filetype(e) != AE_IFDIR)
			return sbx_fail_plain(err, -EINVAL, "the root can be nothing but a directory");
		return layer_dir_write(w, e, path, err);
	}
	const char *slash = strrchr(path, '/'), *leaf = slash ? slash + 1 : path;
	r = name_kind(path, leaf, err);
	if (r < 0 || r == 2)
		return r < 0 ? r : 0;
	if (r == 1)
		return layer_whiteout_write(w, path, leaf, err);
	return link ? layer_link_write(w, path, link, err) : layer_entry_write(w, a, e, path, err);
}

/* entry_names - the entry's name and, of a hard link, what it links to; a symbolic link's target is put right in @e. */
static void entry_names(
	struct archive *a, struct archive_entry *e, struct tar_input *in, const char **ret_name, const char **ret_link)
{
	const char *raw_name, *raw_link;

	tar_input_names(in, archive_read_header_position(a), &raw_name, &raw_link);
	*ret_name = raw_name ? raw_name : archive_entry_pathname(e);
	*ret_link = archive_entry_hardlink(e);
	if (*ret_link && raw_link)
		*ret_link = raw_link;
	else if (raw_link && archive_entry_filetype(e) == AE_IFLNK)
		archive_entry_copy_symlink(e, raw_link);
}

static int entries_write(struct layer_writer *w, struct archive *a, struct tar_input *in, struct sbx_err *err)
{
	struct archive_entry *e;
	int code;

	/* ARCHIVE_WARN: a name that is no UTF-8 (its bytes come through as they are), an odd time. */
	while ((code = archive_read_next_header(a, &e)) == ARCHIVE_OK || code == ARCHIVE_WARN) {
		const char *name, *link;
		entry_names(a, e, in, &name, &link);
		if (!name)
			return sbx_fail_plain(err, -EINVAL, "an entry without a name");
		int r = entry_handle(w, a, e, name, link, err);
		if (r < 0)
			return sbx_err_prefix(err, r, "entry %.*s%s", NAME_SHOWN_BYTES, name,
				strlen(name) > NAME_SHOWN_BYTES ? "…" : "");
	}
	if (code == ARCHIVE_EOF)
		return 0;
	return sbx_fail_plain(
		err, -EBADMSG, "not a tar, or a damaged one (%s)", archive_error_string(a) ?: "no reason given");
}

int layer_write(struct layer_writer *w, int fd, struct sbx_err *err)
{
	struct tar_input in;
	struct archive *a = archive_read_new();
	int r;

	tar_input_init(&in, fd);
	/* The tar reader alone, no filters: others open files by name (mtree) or start programs. */
	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK)
		r = sbx_fail_plain(err, -ENOMEM, "start libarchive: no memory");
	else if (archive_read_open(a, &in, NULL, tar_input_read, NULL) == ARCHIVE_OK)
		r = entries_write(w, a, &in, err);
	else if (in.n_bytes == 0)
		r = 0; /* nothing at all is a layer with nothing in it */
	else
		r = sbx_fail_plain(err, -EBADMSG, "not a tar (%s)", archive_error_string(a) ?: "no reason given");
	archive_read_free(a);
	tar_input_free(&in);
	if (r >= 0)
		r = layer_whiteouts_finish(w, err);
	if (r >= 0 && !w->root_seen)
		r = layer_root_finish(w, err);
	return r < 0 ? r : layer_dirs_finish(w, err);
}

void layer_writer_free(struct layer_writer *w)
{
	layer_parent_forget(w);
	lower_free(&w->lower);
	for (size_t i = 0; i < w->n_dirs; i++)
		free(w->dirs[i].path);
	free(w->dirs);
	strv_clear(&w->copied_up);
	strv_clear(&w->devices);
	strv_clear(&w->whiteouts);
}
