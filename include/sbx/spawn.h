/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Processes.  (src/sys) */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "sbx/err.h"

/* proc_clone - fork by clone3(2) with CLONE_PIDFD, by clone(2) where clone3 is missing.
 * @flags: CLONE_NEW* bits.  @cgroup_fd: for CLONE_INTO_CGROUP, or -1.
 * Returns the pid in the parent (and *ret_pidfd, close-on-exec), 0 in the child, -errno. */
pid_t proc_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd);

int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int sig);
/* pidfd_wait - wait for the child behind @pidfd to end and reap it.  *ret_status as waitpid(2) has it. */
int pidfd_wait(int pidfd, int *ret_status);

/* signals_reset - every signal to its default action, none blocked: what a program expects at exec.
 * Context: child. */
void signals_reset(void);

/* helper_find - the absolute path of a system helper: the first of the fixed directories /usr/local/libexec,
 * /usr/libexec, /usr/local/bin, /usr/bin, /bin, /usr/sbin, /sbin that has an executable @name. $PATH does not count.
 * Returns new or NULL. */
char *helper_find(const char *name);

/* own_libexec - the absolute path of one of our own programs (sbx-image, sbx-init ...): beside the running sbx in a
 * build tree, else the installed libexec/sbx.  Returns new or NULL. */
char *own_libexec(const char *name);

/* helper_spawn - start a helper with signals reset, standard input from /dev/null, standard output and error to
 * @out_fd (-1: inherited), @keep descriptors (ascending) passed at their numbers, all others closed, and an
 * environment of PATH, HOME, LANG, LC_*, XDG_*, SBX_*, TERM and NO_COLOR alone.  @argv[0] is an absolute path.
 * Returns the pid, and a pidfd in *ret_pidfd where not NULL; -errno. */
pid_t helper_spawn(
	const char *const *argv, int out_fd, const int *keep, size_t n_keep, int *ret_pidfd, struct sbx_err *err);

/* helper_run - helper_spawn and wait; exit status 0 is success.  Otherwise -EIO and the first line it printed. */
int helper_run(const char *const *argv, struct sbx_err *err);

/* helper_finish - the second half of helper_run, for a helper that was started with @out_fd's other end: read what it
 * prints, wait for it, judge its status.  @path: as it was started. */
int helper_finish(pid_t pid, int out_fd, const char *path, struct sbx_err *err);
