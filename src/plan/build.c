/* SPDX-License-Identifier: Apache-2.0 */

/* From profile and image to a checked sandbox_spec. */

#include <errno.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

/* The order matters where a part reads what an earlier one wrote: masks come after all mounts; Require after all that
 * it asks about; /etc needs the host name, /sys the network. */
static int (*const parts[])(struct plan *, struct sbx_err *) = {
	plan_root,
	plan_process,
	plan_net,
	plan_security,
	plan_fixed,
	plan_files,
	plan_hide,
	plan_limits,
	plan_cgroup,
	plan_require,
};

/* userns_take - the maps that the caller had made already: making them reads four files. */
static int userns_take(const struct plan_input *input, struct sandbox_spec *spec, struct sbx_err *err)
{
	struct sandbox_spec *from = input->userns;
	if (!from)
		return plan_userns(input->profile, spec, err);
	spec->maps = from->maps;
	from->maps = (struct idmap_pair){0};
	spec->userns_mode = from->userns_mode;
	spec->userns_origin = steal_ptr(from->userns_origin);
	strv_add_all(&spec->notes, &from->notes);
	return 0;
}

int plan_build(const struct plan_input *input, struct sandbox_spec **ret, struct sbx_err *err)
{
	_cleanup_spec_ struct sandbox_spec *spec = spec_new();
	_cleanup_free_ char *store = input->store ? xstrdup(input->store->path) : store_path(err);
	_cleanup_strv_ struct strv own_dirs = {0};
	if (!store)
		return -ENOENT;
	int r = hide_own_dirs(store, &own_dirs, err);
	struct plan p = {
		.profile = input->profile,
		.image = input->image,
		.command = input->command,
		.store = store,
		.own_dirs = &own_dirs,
		.spec = spec,
	};
	spec->name_given = profile_name_given(input->profile);
	spec->name = xstrdup(profile_sandbox_name(input->profile));
	if (r == 0)
		r = userns_take(input, spec, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](&p, err);
	if (r == 0)
		r = plan_check(spec, err);
	if (r < 0)
		return r;
	profile_escapes(input->profile, &spec->notes);
	*ret = steal_ptr(spec);
	return 0;
}
