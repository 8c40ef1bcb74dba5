/* SPDX-License-Identifier: Apache-2.0 */
/* A function in a caged process that can do nothing but read and write what it has open. */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"

static void __attribute__((noreturn)) caged_main(const struct caged_job *job, int report_fd)
{
	const struct cage cage = {.file_max_bytes = job->file_max_bytes};
	struct sbx_err report = {0};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int r = cage_enter(&cage, &report);
	if (r >= 0)
		r = job->run(job->data, &report);
	if (r >= 0)
		report.code = 0;
	write_all(report_fd, &report, sizeof(report));
	_exit(0);
}

/* caged_prepare - all but @keep is closed, and @report_fd moved to the number behind the last of them. */
static int caged_prepare(const struct caged_job *job, int report_fd)
{
	int keep[16];
	size_t n = 0;
	int above = job->n_keep ? job->keep[job->n_keep - 1] + 1 : 3;
	int moved = fcntl(report_fd, F_DUPFD_CLOEXEC, above);

	for (; n < job->n_keep && n < ARRAY_SIZE(keep) - 1; n++)
		keep[n] = job->keep[n];
	keep[n++] = moved;
	return moved < 0 || fd_close_others(keep, n, NULL) < 0 ? -1 : moved;
}

pid_t caged_start(const struct caged_job *job, int *ret_report_fd, struct sbx_err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	_cleanup_close_ int report_r = p[0], report_w = p[1];
	pid_t pid = fork();
	if (pid < 0)
		return sbx_fail(err, -errno, "fork");
	if (pid == 0) {
		int fd = caged_prepare(job, report_w);
		if (fd < 0)
			_exit(1);
		caged_main(job, fd);
	}
	*ret_report_fd = steal_fd(&report_r);
	return pid;
}

int caged_end(const struct caged_job *job, pid_t pid, int report_fd, struct sbx_err *err)
{
	struct sbx_err report;
	int status, r = read_exact(report_fd, &report, sizeof(report));

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0 && WIFSIGNALED(status))
		return sbx_fail_plain(err, -EIO, "the %s process was killed by signal %d", job->what, WTERMSIG(status));
	if (r < 0)
		return sbx_fail_plain(
			err, -EIO, "the %s process ended without a word (out of its memory limit?)", job->what);
	return report.code < 0 ? sbx_fail_plain(err, report.code, "%s", report.msg) : 0;
}
