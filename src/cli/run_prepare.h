/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From words to a checked spec: the way that run and explain share. */

#include <stdbool.h>
#include "run_options.h"
#include "sbx/image.h"
#include "sbx/plan.h"
#include "sbx/profile.h"
#include "sbx/spec.h"

struct prepared {
	struct profile *profile;
	struct image_store store;
	struct image *image; /* NULL with Rootfs= */
	int use_fd;          /* keeps the image in the store while it is open */
	struct sandbox_spec *spec;
};
void prepared_free(struct prepared *p);
#define PREPARED_INIT                             \
	{                                         \
		.store = {.fd = -1}, .use_fd = -1 \
	}
#define _cleanup_prepared_ __attribute__((cleanup(prepared_free)))

/* prepare - load the profile, find the image (imported on first use, unpacked with @unpack), make the plan.
 * Returns 0, or -errno; what is wrong in the profile, or with an import, is printed line by line then, and
 * err->msg left empty. */
int prepare(const struct run_words *words, bool unpack, struct prepared *ret, struct sbx_err *err);

/* prepare_fail - print what prepare left to be said.  Returns @status. */
int prepare_fail(const struct sbx_err *err, int status);

/* image_prepare - the image part: Image=, Pull= and Platform= for the ids of @maps. (run_image.c) */
int image_prepare(const struct run_words *words, bool unpack, const struct idmap_pair *maps, struct prepared *p,
	struct sbx_err *err);
