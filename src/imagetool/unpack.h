/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From blobs to extracted layers: STORE/layers/MAP/CHAIN-ID. */

#include <stdbool.h>
#include <stdint.h>
#include "inflate.h"
#include "lower.h"
#include "progress.h"
#include "sbx/err.h"
#include "sbx/idmap.h"
#include "sbx/image.h"

#define LAYER_MAX_BYTES (16ull << 30) /* of one layer's tar */

/* image_unpack - have every layer of @image extracted for the id maps with idmap_name() @map_name.  The blobs are in
 * the store.  @progress: borrowed.  Complete layers are left as they are; on failure what was begun is removed.
 * *ret_new: how many layers were unpacked.
 * Returns 0; -EBADMSG a blob or its diff ID is wrong; -EFBIG too large a layer; -ENOSPC; -errno. */
int image_unpack(const struct image_store *store, const struct image *image, const char *map_name,
	struct progress *progress, size_t *ret_new, struct sbx_err *err);

/* --- between unpack.c and layer_run.c --- */

/* One layer to be unpacked. */
struct unpack_layer {
	const struct image_layer *layer; /* borrowed */
	size_t index;                    /* in the image */
	int blob_fd;                     /* owned; -1: the layer is there already */
	enum codec codec;
	char name[96]; /* its directory in layers/MAP: the temporary one, or that of the finished layer */
	bool done;
};

struct unpack_job {
	const struct image *image;
	struct idmap_pair maps;
	struct unpack_layer *layers; /* lowest first, all of the image */
	size_t n_layers;
	char *map_path;      /* owned: STORE/layers/MAP */
	int map_fd, lock_fd; /* owned; the lock is shared by all who unpack there */
	bool alone;          /* it is held exclusively: what is unfinished there is nobody's */
	unsigned n_parallel;
	struct progress *progress;
};

/* What the process of a layer says at its end. */
struct layer_report {
	struct sbx_err err;
	uint32_t n_devices; /* left out */
};

/* layer_run - unpack one layer: an inflating and a writing process in cages, and between them this one, which hashes
 * what passes and parses nothing.  @need_fd: a socket on which the writer asks for the lower layers (one byte) and gets
 * one byte when they are complete.  Context: a process of its own, root of the namespaces, its root directory
 * layers/MAP. */
void layer_run(
	const struct unpack_job *job, const struct unpack_layer *layer, int need_fd, struct layer_report *report);
