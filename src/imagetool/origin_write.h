/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the forms that are no OCI layouts have in common: temporary files, and making a manifest. */

#include <jansson.h>
#include "inflate.h"
#include "origin.h"

#define ARCHIVE_MAX_BYTES (256ull << 30) /* of an archive, uncompressed */

/* origin_file_open - archive_fd: the source, a regular file; *ret how it is compressed. */
int origin_file_open(struct origin *o, enum codec *ret, struct sbx_err *err);
/* origin_temp_file - a file without a name, on the store's disk. */
int origin_temp_file(struct origin *o, int *ret, struct sbx_err *err);
/* origin_copy - @size_bytes (UINT64_MAX: all) from one descriptor to another.  -EFBIG more than @max. */
int origin_copy(int from, int to, uint64_t size_bytes, uint64_t max, struct sbx_err *err);
/* origin_take_inflated - a blob of what @fd holds when it is inflated. */
int origin_take_inflated(
	struct origin *o, enum codec codec, int fd, struct digest *ret, uint64_t *ret_size, struct sbx_err *err);
/* origin_stage_write - a small file of the layout. */
int origin_stage_write(struct origin *o, const char *name, const char *bytes, size_t n, struct sbx_err *err);
/* origin_layer_add - a layer's descriptor at the end of @layers.  -EINVAL a codec that OCI has no media type for. */
int origin_layer_add(json_t *layers, enum codec codec, const struct digest *digest, uint64_t size, struct sbx_err *err);
/* origin_manifest_write - configuration and manifest into the layout; fills o->manifest. */
int origin_manifest_write(struct origin *o, const char *config, size_t config_len, json_t *layers, struct sbx_err *err);
