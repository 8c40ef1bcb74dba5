/* SPDX-License-Identifier: Apache-2.0 */

/* Parts of a spec as words. */

#include <linux/mount.h>
#include "describe.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

const char *root_kind_name(enum root_kind kind)
{
	static const char *const names[] = {[ROOT_LAYERS] = "layers", [ROOT_DIR] = "directory", [ROOT_HOST] = "host"};
	return names[kind];
}

const char *storage_kind_name(enum storage_kind kind)
{
	static const char *const names[] = {
		[STORAGE_AUTO] = "auto", [STORAGE_NATIVE] = "native", [STORAGE_FUSE] = "fuse"};
	return names[kind];
}

const char *net_kind_name(enum net_kind kind)
{
	static const char *const names[] = {[NET_NONE] = "none",
		[NET_HOST] = "host",
		[NET_SLIRP] = "slirp",
		[NET_PASTA] = "pasta",
		[NET_SANDBOX] = "sandbox"};
	return names[kind];
}

/* What each kind is called in a sentence; the host's own for those that can be bound from the host. */
static const struct {
	const char *text, *text_host;
	bool names_src;
} kind_words[] = {
	[MOUNT_OP_BIND] = {"the host's", NULL, true},
	[MOUNT_OP_DEVICE] = {"the host's device", NULL, true},
	[MOUNT_OP_TMPFS] = {"an empty file system in memory", NULL, false},
	[MOUNT_OP_PROC] = {"the processes of this sandbox", "the host's processes", false},
	[MOUNT_OP_SYSFS] = {"the kernel's view of the sandbox's network", "the host's /sys", false},
	[MOUNT_OP_CGROUP] = {"the sandbox's own control group", NULL, false},
	[MOUNT_OP_DEV] = {"null, zero, full, random, urandom, tty, pts, shm, mqueue", NULL, false},
	[MOUNT_OP_FILE] = {"a file that sbx writes", NULL, false},
	[MOUNT_OP_OVERLAY] = {"a writable view, changes vanish, of", NULL, true},
	[MOUNT_OP_MASK] = {"hidden", NULL, false},
	[MOUNT_OP_READONLY] = {"made read-only", NULL, false},
	[MOUNT_OP_UNMASK] = {"shown", NULL, false},
};

static void add_source(struct strbuf *out, const struct mount_op *op)
{
	if (!op->src) {
		strbuf_add(out, " the image's own directory");
		return;
	}
	_cleanup_free_ char *src = text_escape(op->src);
	strbuf_addf(out, " %s", src);
}

/* The kinds whose mount attributes say something; masks and read-only parts are what their kind says. */
static bool shows_attrs(enum mount_op_kind kind)
{
	return kind != MOUNT_OP_MASK && kind != MOUNT_OP_READONLY;
}

char *mount_op_sentence(const struct mount_op *op)
{
	static const struct {
		uint64_t attr;
		const char *name;
	} attrs[] = {
		{MOUNT_ATTR_NOSUID, "nosuid"},
		{MOUNT_ATTR_NODEV, "nodev"},
		{MOUNT_ATTR_NOEXEC, "noexec"},
	};
	_cleanup_strbuf_ struct strbuf out = {0};
	bool host = (op->flags & MOUNT_OP_HOST) != 0 && kind_words[op->kind].text_host;
	strbuf_add(&out, host ? kind_words[op->kind].text_host : kind_words[op->kind].text);
	if (kind_words[op->kind].names_src)
		add_source(&out, op);
	if (op->kind == MOUNT_OP_MASK && op->src) {
		_cleanup_free_ char *src = text_escape(op->src);
		strbuf_addf(&out, ": %s of the host", src);
	}
	if (op->size_bytes && op->kind == MOUNT_OP_DEV)
		strbuf_addf(&out, " (%llu bytes)", (unsigned long long)op->size_bytes);
	else if (op->size_bytes)
		strbuf_addf(&out, ", at most %llu bytes", (unsigned long long)op->size_bytes);
	if (!shows_attrs(op->kind))
		return strbuf_steal(&out);
	if (op->kind == MOUNT_OP_BIND)
		strbuf_add(&out, op->flags & MOUNT_OP_RECURSIVE ? ", with what is mounted below" : "");
	strbuf_add(&out, op->attrs & MOUNT_ATTR_RDONLY ? ", read-only" : ", writable");
	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++)
		if (op->attrs & attrs[i].attr)
			strbuf_addf(&out, ", %s", attrs[i].name);
	return strbuf_steal(&out);
}
