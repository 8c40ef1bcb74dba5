/* SPDX-License-Identifier: Apache-2.0 */

/* [Files]: binds, volumes, tmpfs, overlays, devices.  In the order of their destinations, parents first, so that the
 * order of the lines never changes the meaning. */

#include <errno.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/path.h"
#include "sbx/str.h"

/* dst_fail - why nothing may be mounted at @dst; 0 where it may. */
static int dst_check(const char *dst, struct sbx_err *err)
{
	static const char *const whole[] = {"/proc", "/sys"};
	if (strcmp(dst, "/") == 0)
		return sbx_fail_plain(err, -EINVAL,
			"nothing can be mounted over the root itself; for another root use "
			"[Sandbox] Rootfs= or Image=");
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (path_below(dst, whole[i]))
			return sbx_fail_plain(
				err, -EINVAL, "nothing can be mounted at %s or below: sbx mounts it itself", whole[i]);
	if (strcmp(dst, "/dev") == 0)
		return sbx_fail_plain(err, -EINVAL,
			"nothing can be mounted over /dev itself, which sbx makes; single devices "
			"are granted by Device=, and paths below /dev can be mounted");
	return 0;
}

static uint64_t bind_attrs(const struct bind_arg *arg)
{
	uint64_t attrs = 0;
	if (!arg->suid)
		attrs |= MOUNT_ATTR_NOSUID;
	if (!arg->dev)
		attrs |= MOUNT_ATTR_NODEV;
	if (!arg->exec)
		attrs |= MOUNT_ATTR_NOEXEC;
	if (arg->read_only)
		attrs |= MOUNT_ATTR_RDONLY;
	return attrs;
}

static unsigned bind_flags(const struct bind_arg *arg)
{
	return (arg->recursive ? MOUNT_OP_RECURSIVE : 0u) | (arg->optional ? MOUNT_OP_OPTIONAL : 0u) |
	       (arg->create ? MOUNT_OP_CREATE : 0u) | (arg->dev ? MOUNT_OP_WITH_DEV : 0u) |
	       (arg->suid ? MOUNT_OP_WITH_SUID : 0u);
}

/* volume_source - STORE/volumes/NAME.  The name was checked to be one part; here it becomes a path. */
static int volume_source(const struct plan *p, const char *name, char **ret, struct sbx_err *err)
{
	if (!*name || *name == '.' || strchr(name, '/'))
		return sbx_fail_plain(
			err, -EINVAL, "\"%s\" is no name for a volume: letters, digits, and inside it . _ -", name);
	*ret = xasprintf("%s/volumes/%s", p->store, name);
	return 0;
}

static int add_bind(struct plan *p, enum profile_key key, const struct bind_arg *arg, const char *dst,
	const char *origin, struct sbx_err *err)
{
	_cleanup_free_ char *src = NULL;
	bool is_volume = key == KEY_Files_Volume && !strchr(arg->src, '/');
	int r = 0;
	if (is_volume)
		r = volume_source(p, arg->src, &src, err);
	else if (!(src = path_clean(arg->src)))
		r = sbx_fail_plain(err, -EINVAL, "\"%s\" is not an absolute path", arg->src);
	else
		r = hide_refuse_source(p, src, err);
	if (r < 0)
		return r;
	struct mount_op *op =
		spec_add_mount(p->spec, key == KEY_Files_Overlay ? MOUNT_OP_OVERLAY : MOUNT_OP_BIND, src, dst, origin);
	op->attrs = bind_attrs(arg);
	op->flags = bind_flags(arg) | (is_volume ? MOUNT_OP_CREATE : 0u);
	/* An overlay shows one file system, and its writable layer is ours: neither can carry more. */
	if (op->kind == MOUNT_OP_OVERLAY) {
		op->attrs |= ATTRS_BASE;
		op->flags &= MOUNT_OP_OPTIONAL;
	}
	return 0;
}

static int add_device(
	struct plan *p, const struct bind_arg *arg, const char *dst, const char *origin, struct sbx_err *err)
{
	/* The kernel asks the node's own mode, not the mount's: a node can be withheld, but not be made read-only. */
	if (!arg->dev_read || !arg->dev_write)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"access to a device cannot be narrowed to reading or writing without a device cgroup; leave "
			"out the "
			"letters, or rely on the node's own mode");
	_cleanup_free_ char *src = path_clean(arg->src);
	if (!src || !path_below(src, "/dev"))
		return sbx_fail_plain(err, -EINVAL, "a device lies below /dev; for other files use Bind=");
	struct mount_op *op = spec_add_mount(p->spec, MOUNT_OP_DEVICE, src, dst, origin);
	op->attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	op->flags = arg->optional ? MOUNT_OP_OPTIONAL : 0;
	return 0;
}

static int add_tmpfs(struct plan *p, const struct profile_word *word, const char *origin, struct sbx_err *err)
{
	_cleanup_(tmpfs_arg_free) struct tmpfs_arg arg = {0};
	int r = tmpfs_arg_parse(word->text, &arg, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *dst = path_clean(arg.dst);
	if (!dst)
		return sbx_fail_plain(err, -EINVAL, "\"%s\" is not an absolute path", arg.dst);
	r = dst_check(dst, err);
	if (r < 0)
		return r;
	struct mount_op *op = spec_add_mount(p->spec, MOUNT_OP_TMPFS, NULL, dst, origin);
	op->size_bytes = arg.size_bytes;
	op->mode = arg.mode ? arg.mode : 01777;
	op->attrs = ATTRS_BASE | (arg.exec ? 0 : MOUNT_ATTR_NOEXEC);
	return 0;
}

static int add_word(struct plan *p, enum profile_key key, const struct profile_word *word, struct sbx_err *err)
{
	_cleanup_free_ char *origin = origin_word_text(word);
	if (key == KEY_Files_TemporaryFileSystem)
		return add_tmpfs(p, word, origin, err);
	_cleanup_(bind_arg_free) struct bind_arg arg = {0};
	int r = bind_arg_parse(key, word->text, &arg, err);
	if (r < 0)
		return r;
	_cleanup_free_ char *dst = path_clean(arg.dst);
	if (!dst)
		return sbx_fail_plain(err, -EINVAL, "\"%s\" is not an absolute path", arg.dst);
	r = dst_check(dst, err);
	if (r < 0)
		return r;
	return key == KEY_Files_Device ? add_device(p, &arg, dst, origin, err)
				       : add_bind(p, key, &arg, dst, origin, err);
}

/* add_image_volumes - the image asks for these to be writable; with a writable root they are. */
static void add_image_volumes(struct plan *p, size_t first)
{
	static const char *const not_at[] = {"/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp"};
	if (!p->image || !p->spec->root.read_only)
		return;
	for (size_t i = 0; i < p->image->volumes.n; i++) {
		_cleanup_free_ char *dst = path_clean(p->image->volumes.v[i]);
		bool skip = !dst || path_depth(dst) == 0;
		for (size_t k = 0; !skip && k < ARRAY_SIZE(not_at); k++)
			skip = path_below(dst, not_at[k]);
		for (size_t k = first; !skip && k < p->spec->n_mounts; k++)
			skip = path_below(dst, p->spec->mounts[k].dst);
		if (skip)
			continue;
		spec_add_mount(p->spec, MOUNT_OP_OVERLAY, NULL, dst, "image")->attrs = ATTRS_BASE;
	}
}

/* by_dst - parents before children; the rest only so that the order is one order.  A path has no equal beside it. */
static int by_dst(const void *a, const void *b)
{
	const struct mount_op *x = a, *y = b;
	unsigned dx = path_depth(x->dst), dy = path_depth(y->dst);
	return dx != dy ? (dx < dy ? -1 : 1) : strcmp(x->dst, y->dst);
}

void mounts_sort(struct sandbox_spec *spec, size_t first)
{
	if (spec->n_mounts > first)
		qsort(spec->mounts + first, spec->n_mounts - first, sizeof *spec->mounts, by_dst);
}

static int check_duplicates(const struct plan *p, size_t first, struct sbx_err *err)
{
	for (size_t i = first + 1; i < p->spec->n_mounts; i++) {
		const struct mount_op *a = &p->spec->mounts[i - 1], *b = &p->spec->mounts[i];
		if (strcmp(a->dst, b->dst) == 0)
			return sbx_fail_plain(err, -EINVAL,
				"%s: [Files]: two mounts at %s (%s), and the other one is in %s: keep one of the two",
				b->origin, b->dst, mount_op_name(b->kind), a->origin);
	}
	return 0;
}

void mount_remove(struct sandbox_spec *spec, size_t index)
{
	struct mount_op *op = &spec->mounts[index];
	free(op->src);
	free(op->dst);
	free(op->content);
	free(op->origin);
	memmove(op, op + 1, (spec->n_mounts - index - 1) * sizeof *op);
	spec->n_mounts--;
}

/* drop_replaced - a fresh /tmp of ours where the profile mounts its own.  Returns the new @first. */
static size_t drop_replaced(struct sandbox_spec *spec, size_t first)
{
	for (size_t i = 0; i < first;) {
		bool replaced = false;
		for (size_t k = first; k < spec->n_mounts && spec->mounts[i].kind == MOUNT_OP_TMPFS; k++)
			replaced |= strcmp(spec->mounts[i].dst, spec->mounts[k].dst) == 0;
		if (replaced) {
			mount_remove(spec, i);
			first--;
		} else
			i++;
	}
	return first;
}

int plan_files(struct plan *p, struct sbx_err *err)
{
	static const enum profile_key keys[] = {KEY_Files_Bind, KEY_Files_BindReadOnly, KEY_Files_Volume,
		KEY_Files_TemporaryFileSystem, KEY_Files_Overlay, KEY_Files_Device};
	struct sandbox_spec *spec = p->spec;
	size_t first = spec->n_mounts;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct profile_value *value = profile_get(p->profile, keys[i]);
		for (size_t k = 0; k < value->n_words; k++) {
			int r = add_word(p, keys[i], &value->words[k], err);
			if (r < 0)
				return word_prefix(keys[i], &value->words[k], r, err);
		}
	}
	add_image_volumes(p, first);
	first = drop_replaced(spec, first);
	int r = plan_etc(p, first, err);
	if (r < 0)
		return r;
	mounts_sort(spec, first);
	return check_duplicates(p, first, err);
}
