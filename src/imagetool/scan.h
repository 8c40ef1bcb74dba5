/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a layer holds, entry by entry, read in a caged process. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "sbx/err.h"
#include "sbx/image.h"

enum scan_kind {
	SCAN_FILE,
	SCAN_DIR,
	SCAN_SYMLINK,
	SCAN_HARDLINK,
	SCAN_CHAR,
	SCAN_BLOCK,
	SCAN_FIFO,
	SCAN_WHITEOUT,
	SCAN_OPAQUE,
	SCAN_KINDS
};

/* One entry of the tar.  Strings are a stranger's: escape them. */
struct scan_entry {
	enum scan_kind kind;
	uint32_t mode, uid, gid, dev_major, dev_minor;
	uint64_t size_bytes;
	int64_t mtime_s;
	const char *path;   /* as the tar has it, without "./"; of a whiteout: what it deletes; of an opaque one: the
			       directory */
	const char *target; /* of links, else "" */
};

/* layer_scan - call @each for every entry; a negative result ends the scan with it. */
int layer_scan(const struct image_store *store, const struct image_layer *layer,
	int (*each)(const struct scan_entry *entry, void *data), void *data, struct sbx_err *err);

/* layer_open - the layer's blob.  Returns a descriptor, -errno. */
int layer_open(const struct image_store *store, const struct image_layer *layer, struct sbx_err *err);

#define SCAN_TEXT_BYTES 65537 /* of a path or of a link's target, with its NUL */

/* --- layer_scan's two halves, for its fuzzer --- */

/* scan_write - in the caged process: parse the tar from @in_fd, records to @out_fd. */
int scan_write(int in_fd, int out_fd, struct sbx_err *err);
/* scan_next - one record of @in, checked: 1; 0 at the end; -EBADMSG.  @path, @target: room for SCAN_TEXT_BYTES each,
 * what *ret points to. */
int scan_next(FILE *in, struct scan_entry *ret, char *path, char *target, struct sbx_err *err);
