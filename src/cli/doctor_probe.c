/* SPDX-License-Identifier: Apache-2.0 */

/* What doctor tries out: id maps and /proc in a new user namespace, and a place on the store's file system. */

#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/fdio.h"
#include "sbx/image.h"
#include "sbx/parse.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

#define SUBID_FIRST 100000 /* SUB_UID_MIN of login.defs(5) */
#define PROBE_TEMPLATE ".sbx-doctor-XXXXXX"

/* try_inside - run @body in a child in new namespaces once its maps are written; it returns 0 or an errno.
 * The signal to go is a byte, so that a parent that dies leaves no child behind that waits. */
static int try_inside(const struct idmap_pair *maps, int (*body)(void), const char *what, struct sbx_err *err)
{
	int go[2], status = 0;
	_cleanup_close_ int pidfd = -1;
	char byte;

	if (pipe2(go, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "make a pipe");
	pid_t pid = proc_clone(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, -1, &pidfd);
	if (pid == 0) {
		close(go[1]);
		_exit(read(go[0], &byte, 1) == 1 ? body() : 0);
	}
	close(go[0]);
	if (pid < 0) {
		close(go[1]);
		return sbx_fail(err, (int)pid, "make namespaces");
	}
	int r = idmap_write(maps, pid, err);
	if (r == 0 && write_all(go[1], "", 1) < 0)
		r = sbx_fail(err, -EPIPE, "start the probe");
	close(go[1]);
	pidfd_wait(pidfd, &status);
	if (r < 0)
		return r;
	if (!WIFEXITED(status))
		return sbx_fail_plain(err, -EIO, "%s: the probe was killed by signal %d", what, WTERMSIG(status));
	return WEXITSTATUS(status) == 0 ? 0 : sbx_fail(err, -WEXITSTATUS(status), "%s", what);
}

static int body_nothing(void)
{
	return 0;
}

static int body_proc(void)
{
	/* errno values that a child can meet here all fit an exit status. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return errno;
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? errno : 0;
}

int doctor_probe_maps(const struct idmap_pair *maps, struct sbx_err *err)
{
	return try_inside(maps, body_nothing, "use the id maps", err);
}

int doctor_probe_proc(struct sbx_err *err)
{
	struct idmap_pair maps = {0};

	idmap_pair_single(&maps, 0, 0);
	int r = try_inside(&maps, body_proc, "mount a new /proc", err);
	idmap_pair_free(&maps);
	return r;
}

uint64_t doctor_free_ids(void)
{
	static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
	uint64_t free_id = SUBID_FIRST;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_file_ FILE *file = fopen(files[i], "re");
		_cleanup_free_ char *line = NULL;
		size_t size = 0;
		while (file && getline(&line, &size, file) > 0) {
			char *rest = line;
			const char *start = (strsep(&rest, ":"), strsep(&rest, ":")), *count = strsep(&rest, "\n");
			uint64_t first, n;
			if (count && parse_u64(start, UINT32_MAX, &first) == 0 &&
				parse_u64(count, UINT32_MAX, &n) == 0 && first + n > free_id)
				free_id = first + n;
		}
	}
	return free_id;
}

/* existing_above - @path, or the nearest directory above it that exists.  Returns new. */
static char *existing_above(const char *path)
{
	char *at = xstrdup(path);

	while (access(at, F_OK) < 0 && strlen(at) > 1) {
		char *slash = strrchr(at, '/');
		slash[slash == at ? 1 : 0] = '\0';
	}
	return at;
}

void doctor_open(struct doctor *d)
{
	*d = (struct doctor){0};
	d->user = user_name();
	d->store = store_path(&d->store_err);
	if (!d->store) {
		d->probe_err = d->store_err;
		return;
	}
	_cleanup_free_ char *above = existing_above(d->store);
	d->probe_dir = xasprintf("%s/" PROBE_TEMPLATE, str_eq(above, "/") ? "" : above);
	if (mkdtemp(d->probe_dir))
		return;
	sbx_fail(&d->probe_err, -errno, "make a directory in %s", above);
	free(steal_ptr(d->probe_dir));
}

void doctor_close(struct doctor *d)
{
	if (d->probe_dir)
		tree_remove(AT_FDCWD, d->probe_dir, NULL);
	free(d->probe_dir);
	free(d->store);
	free(d->user);
	idmap_pair_free(&d->maps);
}

void doctor_finding_clear(struct doctor_finding *finding)
{
	free(finding->found);
	free(finding->costs);
	free(finding->mend);
	*finding = (struct doctor_finding){0};
}
