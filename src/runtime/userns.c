/* SPDX-License-Identifier: Apache-2.0 */

/* User namespaces: whether this machine gives them, and what forbids them.
 * Sources: user_namespaces(7); Debian's kernel.unprivileged_userns_clone; AppArmor's restriction since Ubuntu 23.10. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/idmap.h"
#include "sbx/runtime.h"
#include "sbx/spawn.h"
#include "userns.h"

/* The switches that forbid or restrict; a namespace is refused where the file holds the value. */
static const struct {
	const char *file, *value, *words;
} switches[] = {
	{"/proc/sys/kernel/unprivileged_userns_clone", "0",
		"the sysctl kernel.unprivileged_userns_clone is 0; as root: sysctl -w "
		"kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/user/max_user_namespaces", "0",
		"the sysctl user.max_user_namespaces is 0; as root: sysctl -w user.max_user_namespaces=15000"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		"AppArmor restricts them (the sysctl kernel.apparmor_restrict_unprivileged_userns is 1); as root: give "
		"sbx an "
		"AppArmor profile with the rule `userns,`, or sysctl -w "
		"kernel.apparmor_restrict_unprivileged_userns=0"},
};

static const char *forbidding_switch(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		char text[16] = "";
		_cleanup_close_ int fd = open(switches[i].file, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
		if (n <= 0)
			continue;
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, switches[i].value) == 0)
			return switches[i].words;
	}
	return NULL;
}

int userns_fail(int code, struct sbx_err *err)
{
	const char *words = code == -EPERM || code == -ENOSPC || code == -EACCES ? forbidding_switch() : NULL;
	if (words)
		return sbx_fail_plain(err, code, "make namespaces: %s", words);
	switch (code) {
	case -EPERM:
		return sbx_fail_plain(err, code,
			"make namespaces: not permitted, and no sysctl says why: inside a container its system-call "
			"filter forbids "
			"them (podman, docker: --security-opt seccomp=unconfined), in a chroot the kernel does");
	case -ENOSPC:
	case -EUSERS:
		return sbx_fail_plain(err, code,
			"make namespaces: a limit of this machine is reached (sysctls user.max_*_namespaces, or nested "
			"too deep)");
	case -EINVAL:
		return sbx_fail_plain(
			err, code, "make namespaces: this kernel was built without one of the seven kinds");
	case -EAGAIN:
		return sbx_fail_plain(err, code,
			"make a process: the limit on processes is reached (ulimit -u, or the cgroup's pids.max)");
	default:
		return sbx_fail(err, code, "make namespaces");
	}
}

/* probe_child - AppArmor lets the namespace be made and takes its capabilities: a mount shows whether they count. */
static _Noreturn void probe_child(int go)
{
	char byte;
	if (read(go, &byte, 1) != 1)
		_exit(0);
	int r = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? errno : 0;
	_exit(r > 0 && r < 256 ? r : r ? EIO : 0);
}

int userns_probe(struct sbx_err *err)
{
	int go[2], status = 0;
	_cleanup_close_ int pidfd = -1;
	struct idmap_pair maps = {0};
	if (pipe2(go, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	pid_t pid = proc_clone(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
				       CLONE_NEWCGROUP | CLONE_NEWNET,
		-1, &pidfd);
	if (pid == 0) {
		close(go[1]);
		probe_child(go[0]);
	}
	close(go[0]);
	if (pid < 0) {
		close(go[1]);
		return userns_fail(pid, err);
	}
	idmap_pair_single(&maps, 0, 0);
	int r = idmap_write(&maps, pid, err);
	if (r == 0 && write(go[1], "", 1) != 1)
		r = sbx_fail(err, -errno, "pipe");
	close(go[1]);
	idmap_pair_free(&maps);
	pidfd_wait(pidfd, &status);
	if (r < 0)
		return userns_fail(r, err);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0
		       ? 0
		       : userns_fail(-(WIFEXITED(status) ? WEXITSTATUS(status) : EIO), err);
}
