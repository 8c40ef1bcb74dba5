/* SPDX-License-Identifier: Apache-2.0 */

/* The sandbox_spec as data: make, add to, free. */

#include <stdlib.h>
#include <string.h>
#include "sbx/spec.h"
#include "sbx/str.h"

struct sandbox_spec *spec_new(void)
{
	return xcalloc(1, sizeof(struct sandbox_spec));
}

static void process_clear(struct process_spec *process)
{
	strv_clear(&process->argv);
	free(process->argv_origin);
	strv_clear(&process->env_origins);
	free(process->cwd_origin);
	free(process->nice_origin);
	free(process->oom_origin);
	free(process->user_origin);
	free(process->host_name_origin);
	strv_clear(&process->env);
	strv_clear(&process->groups);
	free(process->cwd);
	free(process->user);
	free(process->group);
	free(process->host_name);
	free(process->init_path);
}

static void root_clear(struct root_spec *root)
{
	strv_clear(&root->lower);
	free(root->scratch_parent);
	free(root->origin);
	free(root->stacking);
}

static void net_clear(struct net_spec *net)
{
	for (size_t i = 0; i < net->n_ports; i++)
		free(net->ports[i].origin);
	free(net->ports);
	free(net->host_ports);
	free(net->helper_path);
	free(net->joined);
	free(net->origin);
	strv_clear(&net->allow_domains);
	strv_clear(&net->allow_addresses);
}

void spec_free(struct sandbox_spec *spec)
{
	if (!spec)
		return;
	free(spec->name);
	free(spec->image);
	free(spec->image_digest);
	idmap_pair_free(&spec->maps);
	free(spec->userns_origin);
	root_clear(&spec->root);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		free(spec->mounts[i].src);
		free(spec->mounts[i].dst);
		free(spec->mounts[i].content);
		free(spec->mounts[i].origin);
	}
	free(spec->mounts);
	net_clear(&spec->net);
	process_clear(&spec->process);
	free(spec->security.caps_text);
	free(spec->security.seccomp_name);
	free(spec->security.seccomp);
	free(spec->security.origin);
	for (size_t i = 0; i < spec->cgroup.n; i++) {
		free(spec->cgroup.lines[i].text);
		free(spec->cgroup.lines[i].origin);
	}
	free(spec->cgroup.lines);
	free(spec->cgroup.memory_max);
	for (size_t i = 0; i < spec->n_rlimits; i++)
		free(spec->rlimits[i].origin);
	free(spec->rlimits);
	strv_clear(&spec->notes);
	free(spec);
}

struct mount_op *spec_add_mount(
	struct sandbox_spec *spec, enum mount_op_kind kind, const char *src, const char *dst, const char *origin)
{
	/* Room grows by doubling: the capacity is the next power of two from the length, so none is kept. */
	if ((spec->n_mounts & (spec->n_mounts - 1)) == 0)
		spec->mounts = xrealloc(spec->mounts, spec->n_mounts ? spec->n_mounts * 2 : 1, sizeof spec->mounts[0]);
	struct mount_op *op = &spec->mounts[spec->n_mounts++];
	*op = (struct mount_op){
		.kind = kind,
		.src = xstrdup(src),
		.dst = xstrdup(dst),
		.origin = xstrdup(origin),
	};
	return op;
}

static const char *const op_names[] = {
	[MOUNT_OP_BIND] = "bind",
	[MOUNT_OP_DEVICE] = "device",
	[MOUNT_OP_TMPFS] = "tmpfs",
	[MOUNT_OP_PROC] = "proc",
	[MOUNT_OP_SYSFS] = "sysfs",
	[MOUNT_OP_CGROUP] = "cgroup",
	[MOUNT_OP_DEV] = "dev",
	[MOUNT_OP_FILE] = "file",
	[MOUNT_OP_OVERLAY] = "overlay",
	[MOUNT_OP_MASK] = "mask",
	[MOUNT_OP_READONLY] = "readonly",
	[MOUNT_OP_UNMASK] = "unmask",
};

const char *mount_op_name(enum mount_op_kind kind)
{
	return op_names[kind];
}
