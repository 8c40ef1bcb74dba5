/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* profile + image -> one checked, constant sandbox_spec.  (src/plan) */

#include "sbx/err.h"
#include "sbx/image.h"
#include "sbx/profile.h"
#include "sbx/spec.h"
#include "sbx/strv.h"

struct plan_input {
	const struct profile *profile;
	const struct image_store *store; /* NULL with Rootfs= */
	const struct image *image;       /* NULL with Rootfs= */
	const struct strv *command;      /* words after --, replacing Exec; NULL or empty: none */
	struct sandbox_spec *userns;     /* what plan_userns filled: taken over and left empty; NULL: asked for anew */
};

/* plan_userns - the id maps alone: needed before the image's layers can be found.  Fills maps, userns_mode, origin. */
int plan_userns(const struct profile *profile, struct sandbox_spec *spec, struct sbx_err *err);

/* plan_build - fill *ret.  plan_check is called by it; a spec that comes back holds all invariants. */
int plan_build(const struct plan_input *input, struct sandbox_spec **ret, struct sbx_err *err);

/* plan_check - the invariants that the runtime relies on: clean absolute paths, ordered mounts, no destination at / or
 * above the fixed mounts, maps sound, nosuid and nodev on every mount, env with NAME=, argv not empty … */
int plan_check(const struct sandbox_spec *spec, struct sbx_err *err);

/* plan_prepare - make those of sbx's own directories that a mask of the plan covers and that are missing, so that one
 * that another sbx makes later does not show up unmasked.  What the caller may not make, he cannot make later either.
 * Context: parent, before runtime_run. */
void plan_prepare(const struct sandbox_spec *spec);

/* plan_cgroup_of - the [Limits] of @profile that a cgroup enforces, alone: for a sandbox that runs.
 * Returns 0, -errno with the line that is about. */
int plan_cgroup_of(const struct profile *profile, struct sandbox_spec *spec, struct sbx_err *err);
