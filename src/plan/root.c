/* SPDX-License-Identifier: Apache-2.0 */

/* The root file system: layers, a directory, or the host's own tree; and where its writable layer lives. */

#include <errno.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/path.h"
#include "sbx/str.h"

_Static_assert(STORAGE_AUTO == 0 && STORAGE_NATIVE == 1 && STORAGE_FUSE == 2, "the order of the choices of Storage");

static int root_layers(struct plan *p, struct sbx_err *err)
{
	struct root_spec *root = &p->spec->root;
	const struct image *image = p->image;
	if (image->n_layers == 0)
		return value_fail(
			p->profile, KEY_Sandbox_Image, -EINVAL, err, "the image has no layers, so nothing to run on");
	const struct image_store store = {.path = (char *)(uintptr_t)p->store, .fd = -1};
	_cleanup_free_ char *map = idmap_name(&p->spec->maps);
	root->kind = ROOT_LAYERS;
	for (size_t i = image->n_layers; i > 0; i--)
		strv_take(&root->lower, layer_path(&store, map, &image->layers[i - 1]));
	root->origin = origin_text(profile_get(p->profile, KEY_Sandbox_Image));
	p->spec->image = xstrdup(profile_text(p->profile, KEY_Sandbox_Image));
	if (!p->spec->image)
		p->spec->image = xstrdup(image->name);
	p->spec->image_digest = xasprintf("sha256:%s", image->manifest_digest.hex);
	return 0;
}

static int root_dir(struct plan *p, const char *rootfs, struct sbx_err *err)
{
	struct root_spec *root = &p->spec->root;
	_cleanup_free_ char *clean = path_clean(rootfs);
	if (!clean)
		return value_fail(p->profile, KEY_Sandbox_Rootfs, -EINVAL, err, "not an absolute path");
	/* A link to / is the host's tree like / itself. */
	_cleanup_free_ char *real = path_real(clean);
	int r = hide_refuse_source(p, real, err);
	if (r < 0)
		return value_prefix(p->profile, KEY_Sandbox_Rootfs, r, err);
	root->kind = strcmp(real, "/") == 0 ? ROOT_HOST : ROOT_DIR;
	strv_add(&root->lower, real);
	root->origin = origin_text(profile_get(p->profile, KEY_Sandbox_Rootfs));
	return 0;
}

static int root_scratch(struct plan *p, struct sbx_err *err)
{
	struct root_spec *root = &p->spec->root;
	struct scratch_arg arg = {0};
	const char *text = profile_text(p->profile, KEY_Sandbox_Scratch);
	int r = text ? scratch_arg_parse(text, &arg, err) : 0;
	if (r < 0)
		return value_prefix(p->profile, KEY_Sandbox_Scratch, r, err);
	root->scratch = arg.memory ? SCRATCH_MEMORY : SCRATCH_DISK;
	root->scratch_size_bytes = arg.size_bytes;
	root->scratch_parent = path_join(p->store, "scratch");
	return 0;
}

/* What says nothing about a directory. */
static const enum profile_key image_keys[] = {KEY_Sandbox_Pull, KEY_Sandbox_Platform};

int plan_root(struct plan *p, struct sbx_err *err)
{
	const char *rootfs = profile_text(p->profile, KEY_Sandbox_Rootfs);
	int r;
	if (rootfs && value_given(p->profile, KEY_Sandbox_Image))
		return value_fail(p->profile, KEY_Sandbox_Rootfs, -EINVAL, err,
			"Image= stands there as well; keep one of the two");
	for (size_t i = 0; rootfs && i < ARRAY_SIZE(image_keys); i++)
		if (value_given(p->profile, image_keys[i]))
			return value_fail(p->profile, image_keys[i], -EINVAL, err,
				"it is about an image, and there is none with Rootfs=; leave it out");
	if (!rootfs && !p->image)
		return sbx_fail_plain(err, -EINVAL,
			"%s: [Sandbox]: nothing to run on; set Image= or Rootfs=", profile_path(p->profile));
	if (profile_get(p->profile, KEY_Sandbox_Ephemeral)->num == 0)
		return value_fail(p->profile, KEY_Sandbox_Ephemeral, -EOPNOTSUPP, err,
			"sandboxes that are kept are not in this build yet; leave the key out, and keep data in a "
			"Volume= or Bind=");
	r = rootfs ? root_dir(p, rootfs, err) : root_layers(p, err);
	if (r < 0)
		return r;
	p->spec->root.storage = (enum storage_kind)profile_get(p->profile, KEY_Sandbox_Storage)->num;
	p->spec->root.read_only = profile_get(p->profile, KEY_Sandbox_ReadOnly)->num != 0;
	return root_scratch(p, err);
}
