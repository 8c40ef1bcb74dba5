/* SPDX-License-Identifier: Apache-2.0 */

/* Stacking tried out, with the very code that a run uses: what `explain` and `doctor` say is what a run will find. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "build.h"
#include "fuse.h"
#include "sbx/cleanup.h"
#include "sbx/runtime.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "sync.h"
#include "userns.h"

struct probe {
	struct sandbox_spec spec; /* as much of one as stacking needs; borrows all it holds but the lower list */
	struct scratch scratch;
	pid_t pid;
	int pidfd, sync_fd, userns_fd;
	struct fuse_server fuse;
};

static _Noreturn void probe_child(struct probe *p, int sync_fd)
{
	struct sbx_err err = {0};
	struct root_build b = {.spec = &p->spec,
		.sync_fd = sync_fd,
		.base_fd = p->scratch.fd,
		.base_path = p->scratch.path,
		.made_fd = -1,
		.root_fd = -1};
	int r = sync_expect(sync_fd, SYNC_MAPPED, &err);
	if (r == 0 && (b.base_fd = open(b.base_path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = sbx_fail(&err, -errno, "open %s", b.base_path);
	if (r == 0)
		b.root_fd = r = stack_mount(&b, 0, &p->spec.root.lower, &err);
	if (r >= 0 && mkdirat(b.root_fd, "sbx-probe", 0700) < 0)
		r = sbx_fail(&err, -errno, "write into the stacked layers");
	if (r < 0)
		sync_send(sync_fd, SYNC_FAILED, 0, &err, -1);
	_exit(0);
}

static int probe_start(struct probe *p, struct sbx_err *err)
{
	int pair[2], r = scratch_create(&p->spec, &p->scratch, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sbx_fail(err, -errno, "socketpair");
	p->sync_fd = pair[0];
	p->pid = proc_clone(CLONE_NEWUSER | CLONE_NEWNS, -1, &p->pidfd);
	if (p->pid == 0) {
		close(pair[0]);
		probe_child(p, pair[1]);
	}
	close(pair[1]);
	if (p->pid < 0)
		return userns_fail(p->pid, err);
	_cleanup_free_ char *path = xasprintf("/proc/%d/ns/user", (int)p->pid);
	p->userns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (p->userns_fd < 0)
		return sbx_fail(err, -errno, "open %s", path);
	r = idmap_write(&p->spec.maps, p->pid, err);
	if (r == 0 && (r = sync_send(p->sync_fd, SYNC_MAPPED, 0, NULL, -1)) < 0)
		return sbx_fail(err, r, "send to the probe");
	return r;
}

static int probe_serve(struct probe *p, struct sbx_err *err)
{
	struct sync_record record;
	int fd, r;
	while ((r = sync_recv(p->sync_fd, &record, &fd)) > 0) {
		_cleanup_close_ int fuse_fd = fd;
		if (record.kind != SYNC_FUSE || fuse_fd < 0) {
			*err = record.err;
			return err->code < 0 ? err->code
					     : sbx_fail_plain(err, -EPROTO, "the probe sent an unknown record");
		}
		const struct fuse_request q = {&p->spec, &p->scratch, 0, p->userns_fd, fuse_fd};
		r = fuse_start(&q, &p->fuse, err);
		if (r < 0)
			return r;
		cleanup_close(&fuse_fd);
		r = sync_send(p->sync_fd, SYNC_FUSE_READY, 0, NULL, -1);
		if (r < 0)
			return sbx_fail(err, r, "send to the probe");
	}
	return r < 0 ? sbx_fail(err, r, "hear from the probe") : 0;
}

static void probe_end(struct probe *p)
{
	if (p->pidfd >= 0) {
		sys_pidfd_send_signal(p->pidfd, SIGKILL);
		pidfd_wait(p->pidfd, NULL);
	}
	fuse_end(&p->fuse);
	scratch_remove(&p->spec, &p->scratch, p->userns_fd, NULL);
	cleanup_close(&p->pidfd);
	cleanup_close(&p->sync_fd);
	cleanup_close(&p->userns_fd);
	strv_clear(&p->spec.root.lower);
}

static int probe_storage(const struct idmap_pair *maps, const char *lower, const char *scratch_parent,
	enum storage_kind storage, struct sbx_err *err)
{
	struct sbx_err why = {0};
	struct probe p = {
		.spec = {.maps = *maps,
			.root = {.kind = ROOT_DIR,
				.storage = storage,
				.scratch_parent = (char *)(uintptr_t)scratch_parent}},
		.scratch = {.fd = -1, .lock_fd = -1},
		.pidfd = -1,
		.sync_fd = -1,
		.userns_fd = -1,
		.fuse = {.pidfd = -1, .out_fd = -1},
	};
	strv_add(&p.spec.root.lower, lower);
	int r = probe_start(&p, &why);
	if (r == 0)
		r = probe_serve(&p, &why);
	_cleanup_free_ char *said = r == -ENOTCONN ? fuse_message(&p.fuse) : NULL;
	probe_end(&p);
	if (said)
		return sbx_fail_plain(err, -EIO, "fuse-overlayfs: %s", said);
	if (r < 0 && err)
		*err = why;
	return r;
}

int rootfs_probe_native(
	const struct idmap_pair *maps, const char *lower, const char *scratch_parent, struct sbx_err *err)
{
	return probe_storage(maps, lower, scratch_parent, STORAGE_NATIVE, err);
}

int rootfs_probe_fuse(const struct idmap_pair *maps, const char *lower, const char *scratch_parent, struct sbx_err *err)
{
	return probe_storage(maps, lower, scratch_parent, STORAGE_FUSE, err);
}
