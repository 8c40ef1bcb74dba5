/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder at the other end of a pipe. */
#include "inflate_run.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "confine.h"
#include "sbx/cleanup.h"

#define PIPE_BYTES (1 << 20) /* /proc/sys/fs/pipe-max-size, what a user may ask for */

struct inflate_args {
	enum codec codec;
	int in_fd, out_fd;
};

static int inflate_main(void *data, struct sbx_err *err)
{
	const struct inflate_args *args = data;
	return inflate_stream(args->codec, args->in_fd, args->out_fd, err);
}

static struct caged_job inflate_job(struct inflate_args *args)
{
	return (struct caged_job){.run = inflate_main, .data = args, .what = "inflating"};
}

int inflate_run_start(struct inflate_run *ret, enum codec codec, int in_fd, struct sbx_err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	_cleanup_close_ int out_r = p[0], out_w = p[1];
	/* Fewer switches between the processes; the default will do where a user has used up its share. */
	fcntl(out_w, F_SETPIPE_SZ, PIPE_BYTES);
	struct inflate_args args = {codec, in_fd, out_w};
	struct caged_job job = inflate_job(&args);
	const int keep[] = {in_fd < out_w ? in_fd : out_w, in_fd < out_w ? out_w : in_fd};
	job.keep = keep;
	job.n_keep = ARRAY_SIZE(keep);
	ret->pid = caged_start(&job, &ret->report_fd, err);
	if (ret->pid < 0)
		return ret->pid;
	ret->out_fd = steal_fd(&out_r);
	return 0;
}

int inflate_run_end(struct inflate_run *run, struct sbx_err *err)
{
	const struct caged_job job = inflate_job(NULL);
	pid_t pid = run->pid;

	cleanup_close(&run->out_fd);
	run->out_fd = -1;
	run->pid = -1;
	return caged_end(&job, pid, run->report_fd, err);
}

void inflate_run_free(struct inflate_run *run)
{
	cleanup_pid(&run->pid);
	cleanup_close(&run->report_fd);
	cleanup_close(&run->out_fd);
	*run = INFLATE_RUN_NONE;
}

int codec_of(int fd, uint64_t offset, uint64_t size_bytes, enum codec *ret, struct sbx_err *err)
{
	char peek[CODEC_PEEK_BYTES];
	size_t want = size_bytes < sizeof(peek) ? (size_t)size_bytes : sizeof(peek);
	ssize_t n = pread(fd, peek, want, (off_t)offset);

	if (n < 0)
		return sbx_fail(err, -errno, "read it");
	*ret = codec_detect(peek, (size_t)n);
	return 0;
}
