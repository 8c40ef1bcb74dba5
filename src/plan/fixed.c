/* SPDX-License-Identifier: Apache-2.0 */

/* The mounts that every sandbox has: /proc, /sys, /dev, what is hidden and what is read-only there, and fresh
 * directories for what does not outlive a run. */

#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/path.h"
#include "sbx/str.h"

enum proc_choice { PROC_MOUNT, PROC_HOST_BIND }; /* the order of the choices of [Files] Proc */

/* Source: SECURITY.md, Defaults; the same as podman's and Docker's, but for /proc/interrupts, which shows a guest when
 * others type. /sys and /sys/fs/cgroup are read-only as they are mounted. */
static const struct {
	const char *path;
	enum mount_op_kind kind;
} covers[] = {
	{"/proc/bus", MOUNT_OP_READONLY},
	{"/proc/fs", MOUNT_OP_READONLY},
	{"/proc/irq", MOUNT_OP_READONLY},
	{"/proc/sys", MOUNT_OP_READONLY},
	{"/proc/sysrq-trigger", MOUNT_OP_READONLY},
	{"/proc/acpi", MOUNT_OP_MASK},
	{"/proc/asound", MOUNT_OP_MASK},
	{"/proc/interrupts", MOUNT_OP_MASK},
	{"/proc/kcore", MOUNT_OP_MASK},
	{"/proc/keys", MOUNT_OP_MASK},
	{"/proc/latency_stats", MOUNT_OP_MASK},
	{"/proc/sched_debug", MOUNT_OP_MASK},
	{"/proc/scsi", MOUNT_OP_MASK},
	{"/proc/timer_list", MOUNT_OP_MASK},
	{"/proc/timer_stats", MOUNT_OP_MASK},
	{"/sys/firmware", MOUNT_OP_MASK},
	{"/sys/fs/selinux", MOUNT_OP_MASK},
	{"/sys/devices/virtual/powercap", MOUNT_OP_MASK},
};

/* What a run has of its own where the root is the host's, or can be written nowhere else. */
static const struct {
	const char *path;
	mode_t mode;
} fresh[] = {{"/run", 0755}, {"/tmp", 01777}, {"/var/tmp", 01777}};

static void add_fresh(struct plan *p)
{
	const struct root_spec *root = &p->spec->root;
	if (root->kind != ROOT_HOST && !root->read_only)
		return;
	_cleanup_free_ char *read_only = origin_text(profile_get(p->profile, KEY_Sandbox_ReadOnly));
	const char *origin = root->kind == ROOT_HOST ? root->origin : read_only;
	for (size_t i = 0; i < ARRAY_SIZE(fresh); i++) {
		struct mount_op *op = spec_add_mount(p->spec, MOUNT_OP_TMPFS, NULL, fresh[i].path, origin);
		op->mode = fresh[i].mode;
		op->attrs = ATTRS_BASE;
	}
}

static void add_file_systems(struct plan *p)
{
	struct sandbox_spec *spec = p->spec;
	const struct profile_value *proc = profile_get(p->profile, KEY_Files_Proc);
	const struct profile_value *shm = profile_get(p->profile, KEY_Limits_ShmSize);
	_cleanup_free_ char *proc_origin = origin_text(proc), *shm_origin = origin_text(shm);

	struct mount_op *op = spec_add_mount(spec, MOUNT_OP_PROC, NULL, "/proc", proc_origin);
	op->attrs = ATTRS_QUIET;
	if (proc->num == PROC_HOST_BIND) {
		op->flags |= MOUNT_OP_HOST;
		/* No more than that: the kernel asks CAP_SYS_PTRACE of their user namespace for the rest. */
		strv_addf(&spec->notes,
			"%s: [Files] Proc=host-bind: the host's processes and their command lines can be seen",
			proc_origin);
	}

	/* A new sysfs is of the network namespace, and only its owner may mount it.  Source: sysfs_init_fs_context. */
	op = spec_add_mount(
		spec, MOUNT_OP_SYSFS, NULL, "/sys", spec->net.kind == NET_HOST ? spec->net.origin : "default");
	op->attrs = ATTRS_QUIET | MOUNT_ATTR_RDONLY;
	if (spec->net.kind == NET_HOST)
		op->flags |= MOUNT_OP_HOST;

	op = spec_add_mount(spec, MOUNT_OP_CGROUP, NULL, "/sys/fs/cgroup", "default");
	op->attrs = ATTRS_QUIET | MOUNT_ATTR_RDONLY;
	op->flags |= MOUNT_OP_OPTIONAL;

	op = spec_add_mount(spec, MOUNT_OP_DEV, NULL, "/dev", shm_origin);
	op->attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC; /* of the device nodes; what else is in it has nodev too */
	op->size_bytes = (uint64_t)shm->num;
}

static void add_cover(struct plan *p, enum mount_op_kind kind, const char *path, const char *origin)
{
	struct mount_op *op = spec_add_mount(p->spec, kind, NULL, path, origin);
	op->attrs = ATTRS_QUIET | MOUNT_ATTR_RDONLY;
	op->flags |= MOUNT_OP_OPTIONAL;
}

/* is_unmasked - whether a word of Unmask names @path or a directory above it. */
static bool is_unmasked(const struct profile_value *unmask, const char *path)
{
	for (size_t i = 0; i < unmask->n_words; i++) {
		_cleanup_free_ char *clean = path_clean(unmask->words[i].text);
		if (clean && path_below(path, clean))
			return true;
	}
	return false;
}

/* unmask_fail - with the name that may have been meant. */
static int unmask_fail(const struct profile_word *word, struct sbx_err *err)
{
	const char *names[ARRAY_SIZE(covers)];
	for (size_t i = 0; i < ARRAY_SIZE(covers); i++)
		names[i] = covers[i].path;
	const char *near = str_nearest(word->text, names, ARRAY_SIZE(covers));
	return word_fail(KEY_Security_Unmask, word, -EINVAL, err,
		"nothing at or below that path is hidden or read-only by default; %s%s%s",
		near ? "did you mean " : "see `sbx explain`", near ? near : "", near ? "?" : "");
}

/* check_unmask - a word that changes nothing is a mistake. */
static int check_unmask(const struct profile_value *unmask, struct sbx_err *err)
{
	for (size_t i = 0; i < unmask->n_words; i++) {
		_cleanup_free_ char *clean = path_clean(unmask->words[i].text);
		bool matches = false;
		for (size_t k = 0; k < ARRAY_SIZE(covers); k++)
			matches |= clean && path_below(covers[k].path, clean);
		if (!matches)
			return unmask_fail(&unmask->words[i], err);
	}
	return 0;
}

static int add_covers(struct plan *p, struct sbx_err *err)
{
	const struct profile_value *unmask = profile_get(p->profile, KEY_Security_Unmask);
	int r = check_unmask(unmask, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(covers); i++)
		if (!is_unmasked(unmask, covers[i].path))
			add_cover(p, covers[i].kind, covers[i].path, "default");
	return 0;
}

int plan_fixed(struct plan *p, struct sbx_err *err)
{
	add_fresh(p);
	add_file_systems(p);
	return add_covers(p, err);
}
