/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking the layers of an image: what is missing, where it goes, and who watches over it from outside. */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "confine.h"
#include "sbx/cleanup.h"
#include "sbx/log.h"
#include "sbx/path.h"
#include "sbx/str.h"
#include "unpack_layers.h"

#define PARALLEL_MAX 16
#define TICK_MS 100

static unsigned cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : n > PARALLEL_MAX ? PARALLEL_MAX : (unsigned)n;
}

/* blob_open - a layer's blob, of the size that the manifest says; what is in it is checked by the diff ID. */
static int blob_open(
	const struct image_store *store, const struct image_layer *layer, enum codec *ret_codec, struct sbx_err *err)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX_LEN], peek[CODEC_PEEK_BYTES];
	struct stat st;

	snprintf(path, sizeof(path), "blobs/sha256/%s", layer->digest.hex);
	_cleanup_close_ int fd = openat(store->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return sbx_fail(err, -errno, "open the layer's blob sha256:%s", layer->digest.hex);
	if (fstat(fd, &st) < 0)
		return sbx_fail(err, -errno, "stat the layer's blob");
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != layer->size_bytes)
		return sbx_fail_plain(err, -EBADMSG,
			"the layer's blob sha256:%s has %lld bytes, not %llu: import the image again",
			layer->digest.hex, (long long)st.st_size, (unsigned long long)layer->size_bytes);
	ssize_t n = pread(fd, peek, sizeof(peek), 0);
	if (n < 0)
		return sbx_fail(err, -errno, "read the layer's blob");
	*ret_codec = codec_detect(peek, (size_t)n);
	return steal_fd(&fd);
}

/* layers_find - which layers are missing.  Returns how many, -errno. */
static int layers_find(struct unpack_job *job, const struct image_store *store, struct sbx_err *err)
{
	uint32_t random;
	struct stat st;
	int missing = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return sbx_fail(err, -errno, "getrandom");
	for (size_t i = 0; i < job->n_layers; i++) {
		struct unpack_layer *l = &job->layers[i];
		l->layer = &job->image->layers[i];
		l->index = i;
		l->blob_fd = -1;
		snprintf(l->name, sizeof(l->name), "%s", l->layer->chain_id.hex);
		l->done = fstatat(job->map_fd, l->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
		if (l->done)
			continue;
		l->blob_fd = blob_open(store, l->layer, &l->codec, err);
		if (l->blob_fd < 0)
			return l->blob_fd;
		snprintf(l->name, sizeof(l->name), UNPACK_TMP_PREFIX "%08x-%zu", random, i);
		missing++;
	}
	return missing;
}

static uint64_t bytes_wanted(const struct unpack_job *job)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < job->n_layers; i++)
		sum += job->layers[i].blob_fd >= 0 ? job->layers[i].layer->size_bytes : 0;
	return sum;
}

/* tick - the children read through the same open files, so their positions say how far they are. */
static void tick(void *data)
{
	const struct unpack_job *job = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < job->n_layers; i++) {
		off_t at = job->layers[i].blob_fd >= 0 ? lseek(job->layers[i].blob_fd, 0, SEEK_CUR) : 0;
		sum += at > 0 ? (uint64_t)at : 0;
	}
	progress_set(job->progress, sum);
}

static int run_in_child(void *data, uint32_t notes[4], struct sbx_err *err)
{
	const struct unpack_job *job = data;
	int r = root_shrink(job->map_path, job->map_fd, err);

	return r < 0 ? r : unpack_layers(data, notes, err);
}

static int map_dir_open(
	const struct image_store *store, const char *map_name, struct unpack_job *job, struct sbx_err *err)
{
	_cleanup_free_ char *below = xasprintf("layers/%s", map_name);
	const char *const dirs[] = {"layers", below};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(store->fd, dirs[i], 0700) < 0 && errno != EEXIST)
			return sbx_fail(err, -errno, "make %s/%s", store->path, dirs[i]);
	job->map_path = path_join(store->path, below);
	job->map_fd = openat(store->fd, below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (job->map_fd < 0)
		return sbx_fail(err, -errno, "open %s", job->map_path);
	job->lock_fd = openat(job->map_fd, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (job->lock_fd < 0)
		return sbx_fail(err, -errno, "open %s/.lock", job->map_path);
	/* Alone: what is unfinished there was left by a process that was killed. */
	job->alone = flock(job->lock_fd, LOCK_EX | LOCK_NB) == 0;
	while (!job->alone && flock(job->lock_fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return sbx_fail(err, -errno, "lock %s/.lock", job->map_path);
	return 0;
}

static void job_free(struct unpack_job *job)
{
	for (size_t i = 0; i < job->n_layers; i++)
		cleanup_close(&job->layers[i].blob_fd);
	cleanup_free(&job->layers);
	cleanup_free(&job->map_path);
	cleanup_close(&job->map_fd);
	cleanup_close(&job->lock_fd);
	idmap_pair_free(&job->maps);
}
#define _cleanup_job_ __attribute__((cleanup(job_free)))

static int unpack_missing(struct unpack_job *job, size_t *ret_new, struct sbx_err *err)
{
	const struct userns_job child = {
		.maps = &job->maps,
		.run = run_in_child,
		.tick = job->progress->bar ? tick : NULL,
		.tick_ms = TICK_MS,
		.data = job,
	};
	uint32_t notes[4] = {0};

	progress_begin(job->progress, "unpack", bytes_wanted(job));
	int r = userns_run(&child, notes, err);
	progress_clear(job->progress);
	if (r < 0)
		return r;
	if (notes[UNPACK_NOTE_DEVICES])
		log_info("%u device nodes of the image are left out: a sandbox has a /dev of its own",
			notes[UNPACK_NOTE_DEVICES]);
	*ret_new = notes[UNPACK_NOTE_NEW];
	return 0;
}

int image_unpack(const struct image_store *store, const struct image *image, const char *map_name,
	struct progress *progress, size_t *ret_new, struct sbx_err *err)
{
	_cleanup_job_ struct unpack_job job = {
		.image = image, .n_parallel = cpus(), .progress = progress, .map_fd = -1, .lock_fd = -1};

	*ret_new = 0;
	if (image_is_unpacked(store, image, map_name))
		return 0;
	int r = idmap_pair_parse(map_name, &job.maps, err);
	if (r >= 0)
		r = map_dir_open(store, map_name, &job, err);
	if (r < 0)
		return r;
	job.layers = xcalloc(image->n_layers, sizeof(*job.layers));
	job.n_layers = image->n_layers;
	for (size_t i = 0; i < job.n_layers; i++)
		job.layers[i].blob_fd = -1;
	r = layers_find(&job, store, err);
	return r <= 0 ? r : unpack_missing(&job, ret_new, err);
}
