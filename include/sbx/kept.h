/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Kept sandboxes: what Ephemeral=no leaves when a sandbox ends.  (src/image)
 *
 * STORE/sandboxes/NAME/        0700, the caller's; it is its own lock (flock), as a scratch directory is
 *   settings.json              what it was made with; written once, before its first run, and never changed
 *   upper/                     what it changed: overlayfs' upper directory, whiteouts and user.overlay.* with it.
 *                              Missing until the first run has stacked its layers
 *   work/                      overlayfs' own; emptied at each start
 *   o-HEX/upper, o-HEX/work    likewise of Overlay=SRC:DST, HEX from DST (kept_overlay_dir)
 *
 * Owners on disk are what the maps of the settings make of the ids inside.  Names that begin with a dot are half made
 * or half removed: no reader sees them, and `sbx gc` collects them. */

#include <stdbool.h>
#include <stdint.h>
#include "sbx/err.h"
#include "sbx/idmap.h"
#include "sbx/image.h"
#include "sbx/strv.h"

#define KEPT_UPPER "upper"
#define KEPT_WORK "work"
#define KEPT_SETTINGS "settings.json"
#define KEPT_OVERLAY_DIR_SIZE 24

struct kept {
	char *name;
	int64_t created_s;      /* since 1970 */
	char *image;            /* as it was asked for; NULL with Rootfs= */
	char *image_digest;     /* of the manifest, "sha256:…"; NULL with Rootfs= */
	char *rootfs;           /* Rootfs=: the real path; NULL with an image */
	struct idmap_pair maps; /* of its files */
	char *userns_mode;      /* "single", "subuid" … */
	struct strv overlays;   /* the destinations of its Overlay= lines */
	struct strv volumes;    /* the names of its volumes */
	struct strv settings;   /* "Section.Key=VALUE" of every key that was set, as for --set; no Image, no Name */
	struct strv command;    /* the words behind --, or none */
};
void kept_free(struct kept *kept);
#define _cleanup_kept_ __attribute__((cleanup(kept_free)))

/* kept_overlay_dir - the directory of the overlay at @dst below a kept sandbox's. */
void kept_overlay_dir(const char *dst, char ret[static KEPT_OVERLAY_DIR_SIZE]);

/* kept_path - STORE/sandboxes/NAME.  Returns new; NULL and @err where @name is none that a sandbox can have. */
char *kept_path(const struct image_store *store, const char *name, struct sbx_err *err);

/* kept_open - its directory, readable.  Locks nothing.  Returns a descriptor; -ENOENT "no sandbox named NAME is kept".
 */
int kept_open(const struct image_store *store, const char *name, struct sbx_err *err);

/* kept_lock - the same, locked as long as the descriptor (or a copy) is open.  @exclusive: for who changes it (a run,
 * rm, apply); else for who reads and wants nobody to change it.  -EBUSY in words where another has it. */
int kept_lock(const struct image_store *store, const char *name, bool exclusive, struct sbx_err *err);

/* kept_read - the settings behind a descriptor of kept_open or kept_lock.  *ret is to be freed after success alone. */
int kept_read(int dir_fd, const char *name, struct kept *ret, struct sbx_err *err);

/* kept_lower - the trees below its upper layer, host directories, topmost first; appended to @ret. */
int kept_lower(const struct image_store *store, const struct kept *kept, struct strv *ret, struct sbx_err *err);

/* kept_names - all of them, in order; appended to @ret. */
int kept_names(const struct image_store *store, struct strv *ret, struct sbx_err *err);

/* kept_create - make the directory of @kept with its settings, durably, and lock it: a killed process leaves all of
 * it or nothing.  Returns the descriptor that holds the lock; -EEXIST where the name is taken. */
int kept_create(const struct image_store *store, const struct kept *kept, struct sbx_err *err);

/* kept_on_image - the name of a kept sandbox that stands on the image with this manifest, or NULL.  Returns new. */
char *kept_on_image(const struct image_store *store, const struct digest *manifest);
