/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Processes of sbx-image in namespaces of their own, and the cage around those of them that parse what strangers made.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "sbx/err.h"
#include "sbx/idmap.h"

/* A function run in a child with the id maps @maps, in user, mount, network, IPC and PID namespaces of its own.  The
 * child is user and group 0 there (where 0 is mapped) with all capabilities over what the maps cover. */
struct userns_job {
	const struct idmap_pair *maps;
	/* run - in the child.  @notes: counts that the caller wants to know, 0 at first. */
	int (*run)(void *data, uint32_t notes[4], struct sbx_err *err);
	/* tick - in the parent, each @tick_ms while the child works; NULL: not called. */
	void (*tick)(void *data);
	int tick_ms;
	void *data; /* borrowed, for both */
};

/* userns_run - run it and wait.  The child and all below it end with the caller.
 * Returns what run() did; -errno where the namespaces are not to be had; -EIO where the child was killed. */
int userns_run(const struct userns_job *job, uint32_t ret_notes[4], struct sbx_err *err);

/* root_shrink - make the directory @path the root of the mount namespace and let go of everything else.  @path must be
 * the very directory behind @fd, which was opened outside.  Context: a userns_job's child.
 * Source: pivot_root(2), "pivot_root(".", ".")". */
int root_shrink(const char *path, int fd, struct sbx_err *err);

/* What a caged process may still do: use its open descriptors. */
struct cage {
	bool files;                 /* also files by name, and giving them away */
	const int *ro_fds, *rw_fds; /* with files: the directories to find them in; borrowed */
	size_t n_ro, n_rw;
	uint64_t file_max_bytes; /* the greatest file it may write, 0 none */
};
/* cage_enter - no_new_privs, capabilities, resource limits, Landlock, and last a filter that leaves only the system
 * calls for this.  Context: child; there is no way back. */
int cage_enter(const struct cage *cage, struct sbx_err *err);

/* A function run in a caged child, without files. */
struct caged_job {
	int (*run)(void *data, struct sbx_err *err);
	void *data;       /* borrowed */
	const char *what; /* "inflating", for messages */
	const int *keep;  /* the descriptors it uses, ascending */
	size_t n_keep;
	uint64_t file_max_bytes; /* of what it writes to */
};
/* caged_start - fork it; caged_end - wait for it.  *ret_report_fd: from start to end.
 * caged_end returns what run() did, or -EIO where it was killed. */
pid_t caged_start(const struct caged_job *job, int *ret_report_fd, struct sbx_err *err);
int caged_end(const struct caged_job *job, pid_t pid, int report_fd, struct sbx_err *err);
