/* SPDX-License-Identifier: Apache-2.0 */

/* A blob inflated, and perhaps parsed, by processes that can do nothing else.
 *
 * Three of them: a guardian of ours, which waits for the namespaces' child and passes its error on while the command
 * reads; that child, which parses; and its child, which inflates. */

#include "layer_read.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "confine.h"
#include "inflate.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"

struct read_job {
	int blob_fd, out_fd;
	int (*parse)(int in_fd, int out_fd, struct sbx_err *err);
};

static int inflate_caged(int blob_fd, int out_fd, struct sbx_err *err)
{
	char peek[CODEC_PEEK_BYTES];
	struct cage cage = {0};
	int r = cage_enter(&cage, err);

	if (r < 0)
		return r;
	ssize_t n = pread(blob_fd, peek, sizeof(peek), 0);
	if (n < 0)
		return sbx_fail(err, -errno, "read the blob");
	return inflate_stream(codec_detect(peek, (size_t)n), blob_fd, out_fd, err);
}

/* inflater_start - a process that inflates into a pipe, and says on a second one why it could not. */
static pid_t inflater_start(int blob_fd, int *ret_fd, int *ret_err_fd, struct sbx_err *err)
{
	int data[2], errors[2];

	if (pipe2(data, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	if (pipe2(errors, O_CLOEXEC) < 0) {
		int r = -errno;
		close(data[0]);
		close(data[1]);
		return sbx_fail(err, r, "pipe");
	}
	pid_t pid = fork();
	if (pid == 0) {
		struct sbx_err why = {0};
		close(data[0]);
		close(errors[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int r = inflate_caged(blob_fd, data[1], &why);
		if (r < 0)
			write_all(errors[1], &why, sizeof(why));
		_exit(r < 0);
	}
	int r = pid < 0 ? sbx_fail(err, -errno, "fork") : 0;
	close(data[1]);
	close(errors[1]);
	*ret_fd = data[0];
	*ret_err_fd = errors[0];
	return r < 0 ? r : pid;
}

/* job_run - in the namespaces' child. */
static int job_run(void *data, uint32_t notes[4], struct sbx_err *err)
{
	const struct read_job *job = data;
	_cleanup_close_ int in_fd = -1, err_fd = -1;
	struct cage cage = {0};
	struct sbx_err why = {0};

	(void)notes;
	if (!job->parse)
		return inflate_caged(job->blob_fd, job->out_fd, err);
	pid_t pid = inflater_start(job->blob_fd, &in_fd, &err_fd, err);
	int r = pid < 0 ? pid : cage_enter(&cage, err);
	if (r == 0)
		r = job->parse(in_fd, job->out_fd, err);
	close(steal_fd(&in_fd)); /* an inflater that has more ends with EPIPE */
	/* The parser stops at the end of the archive or at what it cannot read; why there was nothing to read, the
	 * inflater says. Its error's text is escaped where it is printed. */
	if (pid > 0 && read_exact(err_fd, &why, sizeof(why)) == 0 && why.code < 0 && why.code != -EPIPE) {
		why.msg[sizeof(why.msg) - 1] = '\0';
		return sbx_fail_plain(err, why.code, "%s", why.msg);
	}
	return r;
}

static void __attribute__((noreturn)) guardian_main(const struct read_job *job, int err_fd)
{
	struct idmap_pair maps;
	struct sbx_err err = {0};
	uint32_t notes[4];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	idmap_pair_single(&maps, 0, 0);
	int r = userns_run(&(struct userns_job){.maps = &maps, .run = job_run, .data = (void *)job}, notes, &err);
	if (r >= 0)
		err.code = 0;
	write_all(err_fd, &err, sizeof(err));
	_exit(r < 0);
}

int layer_read_start(int blob_fd, int (*parse)(int in_fd, int out_fd, struct sbx_err *err), struct layer_read *ret,
	struct sbx_err *err)
{
	_cleanup_layer_read_ struct layer_read c = LAYER_READ_NONE;
	int data[2], errors[2];

	if (pipe2(data, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	_cleanup_close_ int data_in = data[1];
	c.out_fd = data[0];
	if (pipe2(errors, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	_cleanup_close_ int errors_in = errors[1];
	c.err_fd = errors[0];
	struct read_job job = {.blob_fd = blob_fd, .out_fd = data_in, .parse = parse};
	fflush(NULL); /* what waits to be printed must not be printed twice */
	c.pid = fork();
	if (c.pid < 0)
		return sbx_fail(err, -errno, "fork");
	if (c.pid == 0) {
		close(c.out_fd);
		close(c.err_fd);
		guardian_main(&job, errors_in);
	}
	*ret = c;
	c = LAYER_READ_NONE;
	return 0;
}

int layer_read_finish(struct layer_read *c, struct sbx_err *err)
{
	struct sbx_err why = {0};
	int r = read_exact(c->err_fd, &why, sizeof(why));

	if (r < 0)
		return sbx_fail_plain(err, -EIO, "the process that reads the layer was killed");
	waitpid(c->pid, NULL, 0);
	c->pid = -1;
	why.msg[sizeof(why.msg) - 1] = '\0';
	return why.code < 0 ? sbx_fail_plain(err, why.code, "%s", why.msg) : 0;
}

void layer_read_free(struct layer_read *c)
{
	cleanup_close(&c->out_fd);
	cleanup_close(&c->err_fd);
	cleanup_pid(&c->pid);
}
