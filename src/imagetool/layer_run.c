/* SPDX-License-Identifier: Apache-2.0 */
/* The processes around one layer: inflate | hash | write. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "blob.h"
#include "confine.h"
#include "inflate_run.h"
#include "layer.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "unpack.h"

#define PIPE_BYTES (1 << 20) /* /proc/sys/fs/pipe-max-size, what a user may ask for */
#define PASS_BYTES (256u << 10)

/* The caged process that writes; it ends with a layer_report on a pipe. */
struct writer_proc {
	pid_t pid;
	int report_fd;
	int to_fd; /* the tar for it */
};

static void writer_free(struct writer_proc *writer)
{
	cleanup_pid(&writer->pid);
	cleanup_close(&writer->report_fd);
	cleanup_close(&writer->to_fd);
}
#define _cleanup_writer_ __attribute__((cleanup(writer_free)))

static int pipe_new(int *ret_r, int *ret_w, struct sbx_err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	*ret_r = p[0];
	*ret_w = p[1];
	/* Fewer switches between the processes; the default will do where a user has used up its share. */
	fcntl(p[1], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

struct writer_ctx {
	const struct unpack_job *job;
	const struct unpack_layer *layer;
	int need_fd;
};

/* writer_lower_wait - ask for the layers below, and open them when they are complete. */
static int writer_lower_wait(void *data, struct lower_stack *ret, struct sbx_err *err)
{
	const struct writer_ctx *ctx = data;
	char go;

	if (ctx->layer->index == 0)
		return 0;
	if (write_all(ctx->need_fd, "", 1) < 0 || read_exact(ctx->need_fd, &go, 1) < 0)
		return sbx_fail_plain(err, -EPIPE, "a layer below failed");
	ret->roots = xcalloc(ctx->layer->index, sizeof(int));
	for (size_t i = ctx->layer->index; i-- > 0;) {
		int fd = openat(AT_FDCWD, ctx->job->layers[i].name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return sbx_fail(err, -errno, "open layer %zu", i + 1);
		ret->roots[ret->n++] = fd;
	}
	return 0;
}

static int writer_work(struct writer_ctx *ctx, int in_fd, uint32_t *ret_n_devices, struct sbx_err *err)
{
	_cleanup_close_ int root = openat(AT_FDCWD, ctx->layer->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int all = openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || all < 0)
		return sbx_fail(err, -errno, "open its directory");
	const struct cage cage = {
		.ro_fds = &all,
		.n_ro = 1,
		.rw_fds = &root,
		.n_rw = 1,
		.files = true,
		.file_max_bytes = LAYER_MAX_BYTES,
	};
	umask(0);
	int r = cage_enter(&cage, err);
	if (r < 0)
		return r;
	struct layer_writer w = {
		.root_fd = root,
		.maps = &ctx->job->maps,
		.lower_wait = writer_lower_wait,
		.data = ctx,
		.parent_fd = -1,
	};
	r = layer_write(&w, in_fd, err);
	*ret_n_devices = (uint32_t)w.devices.n;
	layer_writer_free(&w);
	return r;
}

static void __attribute__((noreturn)) writer_main(struct writer_ctx *ctx, int in_fd, int report_fd)
{
	struct layer_report report = {0};
	char drain[4096];

	/* A file that would be too large is an error to report, not the end. */
	signal(SIGXFSZ, SIG_IGN);
	int r = writer_work(ctx, in_fd, &report.n_devices, &report.err);
	/* Bytes after the tar's end count for the diff ID; they want to go somewhere. */
	while (r >= 0 && read(in_fd, drain, sizeof(drain)) > 0)
		;
	write_all(report_fd, &report, sizeof(report));
	_exit(0);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int writer_start(struct writer_ctx *ctx, struct writer_proc *ret, struct sbx_err *err)
{
	_cleanup_close_ int in_r = -1, in_w = -1, report_r = -1, report_w = -1;
	int r = pipe_new(&in_r, &in_w, err);

	if (r >= 0)
		r = pipe_new(&report_r, &report_w, err);
	if (r < 0)
		return r;
	pid_t pid = fork();
	if (pid < 0)
		return sbx_fail(err, -errno, "fork");
	if (pid == 0) {
		/* Not the sockets on which other processes report: a writer that was taken over could speak for them.
		 */
		int keep[] = {in_r, report_w, ctx->need_fd};
		qsort(keep, ARRAY_SIZE(keep), sizeof(*keep), by_number);
		if (fd_close_others(keep, ARRAY_SIZE(keep), NULL) < 0)
			_exit(1);
		writer_main(ctx, in_r, report_w);
	}
	*ret = (struct writer_proc){pid, steal_fd(&report_r), steal_fd(&in_w)};
	return 0;
}

/* writer_end - wait for it.  Returns what it reported; -EIO where it died without a word. */
static int writer_end(struct writer_proc *writer, struct layer_report *report, struct sbx_err *err)
{
	int status, r = read_exact(writer->report_fd, report, sizeof(*report));

	while (waitpid(writer->pid, &status, 0) < 0 && errno == EINTR)
		;
	writer->pid = -1;
	if (r < 0 && WIFSIGNALED(status))
		return sbx_fail_plain(err, -EIO, "the unpacking process was killed by signal %d", WTERMSIG(status));
	if (r < 0)
		return sbx_fail_plain(
			err, -EIO, "the unpacking process ended without a word (out of its memory limit?)");
	return report->err.code < 0 ? sbx_fail_plain(err, report->err.code, "%s", report->err.msg) : 0;
}

/* pass - read, hash, write on.  Returns 0 also where the writer has gone: it says why. */
static int pass(int in, int out, struct digest *ret, struct sbx_err *err)
{
	_cleanup_hasher_ struct hasher h = {0};
	_cleanup_free_ void *buf = xmalloc(PASS_BYTES);
	int r = hasher_init(&h, err);

	while (r >= 0) {
		ssize_t n = read(in, buf, PASS_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sbx_fail(err, -errno, "read the blob");
		if (n == 0)
			break;
		r = hasher_update(&h, buf, (size_t)n, err);
		if (r >= 0 && h.n_bytes > LAYER_MAX_BYTES)
			return sbx_fail_plain(
				err, -EFBIG, "it grows beyond %llu GiB when it is unpacked", LAYER_MAX_BYTES >> 30);
		if (r >= 0 && write_all(out, buf, (size_t)n) < 0)
			return 0;
	}
	return r < 0 ? r : hasher_final(&h, ret, err);
}

static int layer_work(struct writer_ctx *ctx, struct layer_report *report, struct sbx_err *err)
{
	_cleanup_inflate_ struct inflate_run inflater = INFLATE_RUN_NONE;
	_cleanup_writer_ struct writer_proc writer = {-1, -1, -1};
	const struct unpack_layer *layer = ctx->layer;
	struct digest diff_id = {""};
	int r = 0;

	if (layer->codec != CODEC_NONE)
		r = inflate_run_start(&inflater, layer->codec, layer->blob_fd, err);
	if (r >= 0)
		r = writer_start(ctx, &writer, err);
	if (r >= 0)
		r = pass(layer->codec != CODEC_NONE ? inflater.out_fd : layer->blob_fd, writer.to_fd, &diff_id, err);
	if (r < 0)
		return r;
	close(steal_fd(&writer.to_fd));
	/* A damaged stream first: that the tar in it then ends early is its consequence. */
	if (layer->codec != CODEC_NONE) {
		struct sbx_err why = {0};
		r = inflate_run_end(&inflater, &why);
		if (r < 0 && r != -EPIPE)
			return sbx_fail_plain(err, r, "%s", why.msg);
	}
	r = writer_end(&writer, report, err);
	if (r >= 0 && !digest_eq(&diff_id, &layer->layer->diff_id))
		r = sbx_fail_plain(err, -EBADMSG,
			"its content has the diff ID sha256:%.12s…, not sha256:%.12s… as the image says", diff_id.hex,
			layer->layer->diff_id.hex);
	return r;
}

void layer_run(const struct unpack_job *job, const struct unpack_layer *layer, int need_fd, struct layer_report *report)
{
	struct writer_ctx ctx = {job, layer, need_fd};
	struct sbx_err err = {0};

	*report = (struct layer_report){0};
	if (layer_work(&ctx, report, &err) < 0)
		report->err = err;
	else
		report->err.code = 0;
}
