/* SPDX-License-Identifier: Apache-2.0 */

/* plan_check: what the runtime may rely on, asked of the finished spec alone.  A failure here is a fault of ours, and
 * the run is refused rather than begun with it. */

#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/path.h"
#include "sbx/str.h"

#define BROKEN "the plan is broken (please report this): "

static bool is_clean(const char *path)
{
	_cleanup_free_ char *clean = path ? path_clean(path) : NULL;
	return clean && strcmp(clean, path) == 0;
}

/* What each kind of operation must have. */
static const struct {
	bool src, may_src, content;
	uint64_t attrs; /* at least these, but for WITH_DEV and WITH_SUID */
	unsigned flags; /* at most these */
} kinds[] = {
	[MOUNT_OP_BIND] = {.src = true,
		.attrs = ATTRS_BASE,
		.flags = MOUNT_OP_RECURSIVE | MOUNT_OP_OPTIONAL | MOUNT_OP_CREATE | MOUNT_OP_WITH_DEV |
			 MOUNT_OP_WITH_SUID},
	[MOUNT_OP_DEVICE] = {.src = true, .attrs = MOUNT_ATTR_NOSUID, .flags = MOUNT_OP_OPTIONAL},
	[MOUNT_OP_TMPFS] = {.attrs = ATTRS_BASE},
	[MOUNT_OP_PROC] = {.attrs = ATTRS_QUIET, .flags = MOUNT_OP_HOST},
	[MOUNT_OP_SYSFS] = {.attrs = ATTRS_QUIET | MOUNT_ATTR_RDONLY, .flags = MOUNT_OP_HOST},
	[MOUNT_OP_CGROUP] = {.attrs = ATTRS_QUIET | MOUNT_ATTR_RDONLY, .flags = MOUNT_OP_OPTIONAL},
	[MOUNT_OP_DEV] = {.attrs = MOUNT_ATTR_NOSUID},
	[MOUNT_OP_FILE] = {.content = true, .attrs = ATTRS_BASE, .flags = MOUNT_OP_OPTIONAL},
	[MOUNT_OP_OVERLAY] = {.may_src = true, .attrs = ATTRS_BASE, .flags = MOUNT_OP_OPTIONAL},
	[MOUNT_OP_MASK] = {.may_src = true, .attrs = ATTRS_BASE, .flags = MOUNT_OP_OPTIONAL | MOUNT_OP_CREATE},
	[MOUNT_OP_READONLY] = {.attrs = ATTRS_BASE, .flags = MOUNT_OP_OPTIONAL},
};

static bool needs_place(enum mount_op_kind kind)
{
	return kind == MOUNT_OP_PROC || kind == MOUNT_OP_SYSFS || kind == MOUNT_OP_CGROUP || kind == MOUNT_OP_DEV;
}

/* is_cover - what only takes away may lie anywhere below the root. */
static bool is_cover(enum mount_op_kind kind)
{
	return kind == MOUNT_OP_MASK || kind == MOUNT_OP_READONLY;
}

static const char *mount_fault(const struct mount_op *op)
{
	if (op->kind >= ARRAY_SIZE(kinds))
		return "an operation that cannot be performed";
	uint64_t want = kinds[op->kind].attrs;
	if (op->flags & MOUNT_OP_WITH_DEV)
		want &= ~(uint64_t)MOUNT_ATTR_NODEV;
	if (op->flags & MOUNT_OP_WITH_SUID)
		want &= ~(uint64_t)MOUNT_ATTR_NOSUID;
	if (!op->origin)
		return "no origin";
	if (!is_clean(op->dst) || strcmp(op->dst, "/") == 0)
		return "a destination that is not a clean path below the root";
	if (op->src ? !is_clean(op->src) || !(kinds[op->kind].src || kinds[op->kind].may_src) : kinds[op->kind].src)
		return "a source that is wrong for it";
	if (kinds[op->kind].content != (op->content != NULL))
		return "content that is wrong for it";
	if ((op->attrs & want) != want)
		return "mount attributes are missing";
	if (op->flags & ~kinds[op->kind].flags)
		return "flags that are wrong for it";
	if (!needs_place(op->kind) && !is_cover(op->kind) &&
		(path_below(op->dst, "/proc") || path_below(op->dst, "/sys") || strcmp(op->dst, "/dev") == 0))
		return "a destination that belongs to sbx";
	return NULL;
}

/* check_mounts - masks last, nothing mounted over what a mask or an earlier mount below has. */
static int check_mounts(const struct sandbox_spec *spec, struct sbx_err *err)
{
	unsigned seen[ARRAY_SIZE(kinds)] = {0};
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct mount_op *op = &spec->mounts[i];
		const char *fault = mount_fault(op);
		if (fault)
			return sbx_fail_plain(err, -EINVAL, BROKEN "%s at %s: %s", mount_op_name(op->kind),
				op->dst ? op->dst : "?", fault);
		seen[op->kind]++;
		for (size_t k = 0; k < i; k++) {
			const struct mount_op *before = &spec->mounts[k];
			/* A cover of a cover, or a later parent, would undo what is below.  A bind that takes in a
			 * directory of ours, such as /var with /var/tmp in it, is what the profile asked for. */
			if (!is_cover(op->kind) && before->kind == MOUNT_OP_MASK && path_below(before->dst, op->dst))
				return sbx_fail_plain(err, -EINVAL, BROKEN "%s at %s is mounted over the mask at %s",
					mount_op_name(op->kind), op->dst, before->dst);
			if (!is_cover(op->kind) && strcmp(before->dst, op->dst) == 0)
				return sbx_fail_plain(err, -EINVAL, BROKEN "two mounts at %s", op->dst);
		}
	}
	static const enum mount_op_kind once[] = {MOUNT_OP_PROC, MOUNT_OP_SYSFS, MOUNT_OP_DEV};
	for (size_t i = 0; i < ARRAY_SIZE(once); i++)
		if (seen[once[i]] != 1)
			return sbx_fail_plain(err, -EINVAL, BROKEN "%s is mounted %u times, not once",
				mount_op_name(once[i]), seen[once[i]]);
	return 0;
}

static int check_root(const struct root_spec *root, struct sbx_err *err)
{
	if (root->lower.n == 0)
		return sbx_fail_plain(err, -EINVAL, BROKEN "no root file system");
	for (size_t i = 0; i < root->lower.n; i++)
		if (root->lower.v[i][0] != '/')
			return sbx_fail_plain(
				err, -EINVAL, BROKEN "the layer %s is no absolute path", root->lower.v[i]);
	if (!root->scratch_parent || root->scratch_parent[0] != '/' || !root->origin)
		return sbx_fail_plain(err, -EINVAL, BROKEN "no place for the writable layer");
	return 0;
}

static int check_process(const struct sandbox_spec *spec, struct sbx_err *err)
{
	const struct process_spec *process = &spec->process;
	if (process->argv.n == 0 || !process->argv.v[0][0] || !process->argv_origin)
		return sbx_fail_plain(err, -EINVAL, BROKEN "no program");
	for (size_t i = 0; i < process->env.n; i++) {
		const char *text = process->env.v[i], *equals = strchr(text, '=');
		if (!equals || equals == text)
			return sbx_fail_plain(err, -EINVAL, BROKEN "an environment entry without NAME=");
		for (size_t k = 0; k < i; k++)
			if (strncmp(text, process->env.v[k], (size_t)(equals - text) + 1) == 0)
				return sbx_fail_plain(err, -EINVAL, BROKEN "%.*s stands twice in the environment",
					(int)(equals - text), text);
	}
	if (!is_clean(process->cwd))
		return sbx_fail_plain(err, -EINVAL, BROKEN "the working directory is no clean path");
	if (str_empty(process->user) || (process->group && !*process->group) || str_empty(process->host_name))
		return sbx_fail_plain(err, -EINVAL, BROKEN "user, group or host name is empty");
	if (process->run_init != (process->init_path != NULL) || process->stop_signal <= 0)
		return sbx_fail_plain(err, -EINVAL, BROKEN "init or stop signal");
	return 0;
}

static int check_security(const struct sandbox_spec *spec, struct sbx_err *err)
{
	const struct security_spec *s = &spec->security;
	bool unconfined = s->seccomp_name && strcmp(s->seccomp_name, "unconfined") == 0;
	if (!s->seccomp_name || !s->caps_text || !s->origin || !spec->net.origin)
		return sbx_fail_plain(err, -EINVAL, BROKEN "security settings are missing");
	if (unconfined != (s->seccomp_len == 0) || (s->seccomp == NULL) != (s->seccomp_len == 0))
		return sbx_fail_plain(err, -EINVAL, BROKEN "the system-call filter %s has %zu instructions",
			s->seccomp_name, s->seccomp_len);
	return 0;
}

static int check_maps(const struct sandbox_spec *spec, struct sbx_err *err)
{
	int r = idmap_check(&spec->maps.uid, "user", err);
	if (r == 0)
		r = idmap_check(&spec->maps.gid, "group", err);
	if (r < 0)
		return r;
	if (!spec->maps.by_helper && ids_beyond_one(&spec->maps))
		return sbx_fail_plain(err, -EINVAL, BROKEN "many ids, and nobody to map them");
	return spec->userns_mode && spec->userns_origin ? 0 : sbx_fail_plain(err, -EINVAL, BROKEN "no id mapping");
}

int plan_check(const struct sandbox_spec *spec, struct sbx_err *err)
{
	int r = str_empty(spec->name) ? sbx_fail_plain(err, -EINVAL, BROKEN "no name") : 0;
	if (r == 0)
		r = check_maps(spec, err);
	if (r == 0)
		r = check_root(&spec->root, err);
	if (r == 0)
		r = check_mounts(spec, err);
	if (r == 0)
		r = check_process(spec, err);
	return r == 0 ? check_security(spec, err) : r;
}
