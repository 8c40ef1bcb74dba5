/* SPDX-License-Identifier: Apache-2.0 */
/* The unpacking of several layers side by side. */
#include "unpack_layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

/* A layer that is being worked on. */
struct slot {
	struct unpack_layer *layer; /* NULL: free */
	pid_t pid;
	int report_fd, need_fd; /* owned */
	bool waiting;           /* for the layers below */
};

struct slots {
	struct unpack_job *job;
	struct slot *v;
	size_t next; /* the first layer that was not started */
	uint32_t *notes;
};

static void slot_free(struct slot *slot)
{
	if (!slot->layer)
		return;
	cleanup_pid(&slot->pid);
	cleanup_close(&slot->report_fd);
	cleanup_close(&slot->need_fd);
	slot->layer = NULL;
}

static void slots_free(struct slots *s)
{
	for (unsigned i = 0; i < s->job->n_parallel; i++)
		slot_free(&s->v[i]);
	free(s->v);
}
#define _cleanup_slots_ __attribute__((cleanup(slots_free)))

static int layer_dir_make(const struct unpack_layer *layer, struct sbx_err *err)
{
	if (mkdir(layer->name, 0700) < 0)
		return sbx_fail(err, -errno, "make a directory for it");
	/* Below a set-group-id directory it would have another group and hand it on. */
	if (chown(layer->name, geteuid(), getegid()) < 0 || chmod(layer->name, 0700) < 0)
		return sbx_fail(err, -errno, "own its directory");
	return 0;
}

static int slot_start(struct slots *s, struct slot *slot, struct unpack_layer *layer, struct sbx_err *err)
{
	_cleanup_close_ int report_r = -1, report_w = -1, ours = -1, theirs = -1;
	int p[2], r = layer_dir_make(layer, err);

	if (r < 0)
		return r;
	if (pipe2(p, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	report_r = p[0];
	report_w = p[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0)
		return sbx_fail(err, -errno, "socketpair");
	ours = p[0];
	theirs = p[1];
	/* A PID namespace each: the processes of a layer cannot reach those of another, and end together. */
	pid_t pid = proc_clone(CLONE_NEWPID, -1, NULL);
	if (pid < 0)
		return sbx_fail(err, pid, "start a process");
	if (pid == 0) {
		struct layer_report report;
		layer_run(s->job, layer, theirs, &report);
		write_all(report_w, &report, sizeof(report));
		_exit(0);
	}
	*slot = (struct slot){layer, pid, steal_fd(&report_r), steal_fd(&ours), false};
	return 0;
}

/* slots_fill - start what can be started, from the lowest up: a layer that waits never waits for one that was not. */
static int slots_fill(struct slots *s, struct sbx_err *err)
{
	struct unpack_job *job = s->job;

	for (unsigned i = 0; i < job->n_parallel; i++) {
		if (s->v[i].layer)
			continue;
		while (s->next < job->n_layers && job->layers[s->next].done)
			s->next++;
		if (s->next == job->n_layers)
			return 0;
		struct unpack_layer *layer = &job->layers[s->next++];
		int r = slot_start(s, &s->v[i], layer, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* slots_wake - let those go on whose lower layers are complete. */
static void slots_wake(struct slots *s)
{
	size_t complete = 0;

	while (complete < s->job->n_layers && s->job->layers[complete].done)
		complete++;
	for (unsigned i = 0; i < s->job->n_parallel; i++) {
		struct slot *slot = &s->v[i];
		if (!slot->layer || !slot->waiting || slot->layer->index > complete)
			continue;
		slot->waiting = false;
		/* Where it has died meanwhile, its report comes next. */
		(void)write_all(slot->need_fd, "", 1);
	}
}

static int layer_fail(const struct unpack_job *job, const struct unpack_layer *layer, int code, struct sbx_err *err)
{
	return sbx_err_prefix(err, code, "layer %zu of %zu (sha256:%.12s)", layer->index + 1, job->n_layers,
		layer->layer->digest.hex);
}

static int slot_finish(struct slots *s, struct slot *slot, struct sbx_err *err)
{
	struct unpack_layer *layer = slot->layer;
	struct layer_report report;
	int status, r = read_exact(slot->report_fd, &report, sizeof(report));

	while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR)
		;
	slot->pid = -1;
	slot_free(slot);
	if (r < 0)
		return sbx_fail_plain(
			err, -EIO, "its process was killed (by the kernel for want of memory, or by hand)");
	if (report.err.code < 0)
		return sbx_fail_plain(err, report.err.code, "%s", report.err.msg);
	layer->done = true;
	s->notes[UNPACK_NOTE_NEW]++;
	s->notes[UNPACK_NOTE_DEVICES] += report.n_devices;
	return 0;
}

/* slots_poll - wait for one thing to happen, and see to it.  Returns 1; 0 nothing is running any more; -errno. */
static int slots_poll(struct slots *s, struct sbx_err *err)
{
	unsigned n_slots = s->job->n_parallel;
	_cleanup_free_ struct pollfd *fds = xcalloc(2 * n_slots, sizeof(*fds));
	bool any = false;

	for (unsigned i = 0; i < n_slots; i++) {
		const struct slot *slot = &s->v[i];
		bool used = slot->layer != NULL;
		fds[2 * i] = (struct pollfd){.fd = used ? slot->report_fd : -1, .events = POLLIN};
		fds[2 * i + 1] = (struct pollfd){.fd = used && !slot->waiting ? slot->need_fd : -1, .events = POLLIN};
		any |= used;
	}
	if (!any)
		return 0;
	if (poll(fds, 2 * n_slots, -1) < 0)
		return errno == EINTR ? 1 : sbx_fail(err, -errno, "poll");
	for (unsigned i = 0; i < n_slots; i++) {
		struct slot *slot = &s->v[i];
		char byte;
		if (fds[2 * i].revents) {
			const struct unpack_layer *layer = slot->layer;
			int r = slot_finish(s, slot, err);
			if (r < 0)
				return layer_fail(s->job, layer, r, err);
		} else if (fds[2 * i + 1].revents & POLLIN && read(slot->need_fd, &byte, 1) == 1) {
			slot->waiting = true;
		}
	}
	return 1;
}

static int slots_run(struct unpack_job *job, uint32_t *notes, struct sbx_err *err)
{
	_cleanup_slots_ struct slots s = {.job = job, .notes = notes};
	int r;

	s.v = xcalloc(job->n_parallel, sizeof(*s.v));
	do {
		r = slots_fill(&s, err);
		if (r >= 0) {
			slots_wake(&s);
			r = slots_poll(&s, err);
		}
	} while (r > 0);
	return r;
}

/* leftovers_remove - what killed processes left.  Then others may come. */
static int leftovers_remove(const struct unpack_job *job, int map_fd, struct sbx_err *err)
{
	struct dirent *d;

	if (!job->alone)
		return 0;
	int copy = openat(map_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_dir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return sbx_fail(err, -errno, "list the extracted layers");
	while ((d = readdir(dir))) {
		int r = str_starts(d->d_name, UNPACK_TMP_PREFIX) ? tree_remove(map_fd, d->d_name, err) : 0;
		if (r < 0)
			return r;
	}
	return flock(job->lock_fd, LOCK_SH) < 0 ? sbx_fail(err, -errno, "lock the extracted layers") : 0;
}

/* layers_name - one syncfs for all of them, then their final names: what has one is whole, also after a power cut. */
static int layers_name(struct unpack_job *job, int map_fd, struct sbx_err *err)
{
	if (syncfs(map_fd) < 0)
		return sbx_fail(err, -errno, "write the layers to disk");
	for (size_t i = 0; i < job->n_layers; i++) {
		struct unpack_layer *l = &job->layers[i];
		if (l->blob_fd < 0)
			continue;
		if (renameat2(map_fd, l->name, map_fd, l->layer->chain_id.hex, RENAME_NOREPLACE) < 0) {
			/* Somebody else unpacked the same; the names mean the same. */
			int r = errno == EEXIST ? tree_remove(map_fd, l->name, err)
						: sbx_fail(err, -errno, "name layer %zu", i + 1);
			if (r < 0)
				return r;
		}
	}
	return dir_fsync(map_fd, err);
}

int unpack_layers(struct unpack_job *job, uint32_t notes[4], struct sbx_err *err)
{
	_cleanup_close_ int map_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (map_fd < 0)
		return sbx_fail(err, -errno, "open the extracted layers");
	int r = leftovers_remove(job, map_fd, err);
	if (r >= 0)
		r = slots_run(job, notes, err);
	if (r >= 0)
		r = layers_name(job, map_fd, err);
	if (r >= 0)
		return 0;
	/* The first failure is the one to report; what cannot be removed now is removed by the next import. */
	for (size_t i = 0; i < job->n_layers; i++)
		if (job->layers[i].blob_fd >= 0)
			(void)tree_remove(map_fd, job->layers[i].name, NULL);
	return r;
}
