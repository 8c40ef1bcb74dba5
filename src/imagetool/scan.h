/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a layer holds, entry by entry, read in a caged process. */

#include <stdbool.h>
#include <stdint.h>
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
