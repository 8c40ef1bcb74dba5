/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where an image is imported from, seen as an OCI layout: a directory, or members of an archive with the small ones put
 * into a directory of their own. */

#include <stdint.h>
#include "archive_list.h"
#include "blob_batch.h"
#include "sbx/err.h"
#include "sbx/image.h"

struct origin {
	const struct image_store *store; /* borrowed, like all the next */
	const struct image_ref *ref;
	const struct platform *platform;
	struct blob_batch *batch;
	int layout_fd;               /* owned: index.json and small blobs */
	char *stage;                 /* owned: the layout's name in the store where it was made for this; or NULL */
	int archive_fd;              /* owned; -1 for a directory */
	struct archive_list members; /* of the archive */
	char *found_name;            /* owned: what the source calls the image, or NULL */
	struct descriptor manifest;  /* what is to be imported */
	struct digest source;        /* what it was picked from */
};

/* origin_open - open the source, find the image in it.  -ENOENT no such tag, or several (they are named); -ENOEXEC only
 * for other platforms. */
int origin_open(struct origin *o, struct sbx_err *err);
void origin_close(struct origin *o);
#define _cleanup_origin_ __attribute__((cleanup(origin_close)))
/* origin_blob - where a blob's bytes are.  @ret_fd: borrowed for archives, new for directories (*ret_owned). */
int origin_blob(struct origin *o, const struct digest *digest, int *ret_fd, uint64_t *ret_offset, int *ret_owned,
	struct sbx_err *err);

/* --- one function a form --- */
int origin_layout(struct origin *o, struct sbx_err *err); /* layout_fd is open */
int origin_oci_archive(struct origin *o, struct sbx_err *err);
int origin_docker_archive(struct origin *o, struct sbx_err *err);
int origin_rootfs(struct origin *o, struct sbx_err *err);
/* origin_stage_make - an empty layout in the store. */
int origin_stage_make(struct origin *o, struct sbx_err *err);
/* origin_stages_remove - what killed imports left.  Context: the content lock is held exclusively. */
int origin_stages_remove(const struct image_store *store, struct sbx_err *err);
