/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Removing what no image refers to any more: blobs, extracted layers, records of sources, and what killed imports left.
 */

#include <stdint.h>
#include "sbx/err.h"
#include "sbx/image.h"
#include "sbx/strv.h"

struct gc_result {
	struct strv removed;  /* "blobs/sha256/HEX", "layers/MAP/HEX" … as they lay in the store */
	uint64_t freed_bytes; /* of blobs; what a layer's tree took is not counted */
};
void gc_result_free(struct gc_result *result);
#define _cleanup_gc_ __attribute__((cleanup(gc_result_free)))

/* gc_run - under lock 2, exclusive.  An image on which a sandbox runs counts as referred to.
 * -EBUSY while something is being imported: nothing is removed, the next run removes it.
 * -EBADMSG where an image is damaged so that what it refers to is not known: nothing is removed.
 * A tree that cannot be removed is an error in the end; the rest has gone by then. */
int gc_run(const struct image_store *store, struct gc_result *ret, struct sbx_err *err);

/* layer_trees_remove - remove STORE/layers/MAP/NAME for each name, in a user namespace with MAP's maps where files
 * belong to subordinate ids.  Each loses its name first, so that what is half removed is never taken for a layer. */
int layer_trees_remove(
	const struct image_store *store, const char *map_name, const struct strv *names, struct sbx_err *err);

/* image_entry_remove - drop an index entry; the last one for its image only while no sandbox runs on it (@force: even
 * then; its bytes stay until the sandbox has ended).  -EBUSY a sandbox runs on it. */
int image_entry_remove(
	const struct image_store *store, const struct descriptor *entry, bool force, struct sbx_err *err);
