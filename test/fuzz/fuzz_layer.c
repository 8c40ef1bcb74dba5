/* SPDX-License-Identifier: Apache-2.0 */

/* A layer's tar, unpacked twice: on nothing, and on what came of that, so that links, whiteouts and parents find
 * something below.  Nothing but the two directories may have changed, no descriptor may be left.  The same bytes go
 * through the reader of `image files`, which must take what can be unpacked. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "src/imagetool/layer.h"
#include "src/imagetool/scan.h"
#include "tar_mutate.h"

#define FILE_BYTES (1u << 20) /* the greatest file; a tar can say 2^63 */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static char *top; /* the directory for it all, below $TMPDIR (a tmpfs is much faster) */
static int top_fd = -1;
static struct stat canary;

static __attribute__((noinline)) void require(bool holds)
{
	if (!holds)
		abort();
}

static void top_remove(void)
{
	tree_remove(AT_FDCWD, top, NULL);
}

static int free_fd(void)
{
	int fd = dup(0);

	require(fd >= 0);
	close(fd);
	return fd;
}

static struct stat canary_stat(void)
{
	struct stat st;

	require(fstatat(top_fd, "canary", &st, AT_SYMLINK_NOFOLLOW) == 0);
	return st;
}

static void prepare(void)
{
	const struct rlimit limit = {FILE_BYTES, FILE_BYTES};

	if (top_fd >= 0)
		return;
	setlocale(LC_CTYPE, "C.UTF-8");
	umask(0);
	signal(SIGXFSZ, SIG_IGN);
	top = xasprintf("%s/sbx-fuzz-layer-XXXXXX", getenv("TMPDIR") ?: "/tmp");
	require(setrlimit(RLIMIT_FSIZE, &limit) == 0 && mkdtemp(top));
	atexit(top_remove);
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(top_fd, "canary", O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	require(fd >= 0 && write_all(fd, "alive", 5) == 0);
	close(fd);
	canary = canary_stat();
}

static int bytes_open(const uint8_t *bytes, size_t n)
{
	int fd = memfd_create("sbx-fuzz", MFD_CLOEXEC);

	require(fd >= 0 && write_all(fd, bytes, n) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int below_open(void *data, struct lower_stack *ret, struct sbx_err *err)
{
	(void)err;
	if (!data)
		return 0;
	ret->roots = xcalloc(1, sizeof(int));
	ret->roots[ret->n++] = openat(top_fd, data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

static int unpack(char *name, char *below, const uint8_t *bytes, size_t n)
{
	struct sbx_err err = {0};
	struct idmap_pair maps;

	require(mkdirat(top_fd, name, 0755) == 0);
	idmap_pair_single(&maps, 0, 0);
	_cleanup_close_ int root = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), in = bytes_open(bytes, n);
	struct layer_writer w = {
		.root_fd = root, .maps = &maps, .lower_wait = below_open, .data = below, .parent_fd = -1};
	int r = layer_write(&w, in, &err);
	require(r >= 0 || (r == err.code && err.msg[0]));
	layer_writer_free(&w);
	idmap_pair_free(&maps);
	return r;
}

/* nothing_else - beside the layers' directories there is what was there before, as it was. */
static void nothing_else(void)
{
	_cleanup_dir_ DIR *dir = fdopendir(openat(top_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct stat st = canary_stat();
	int n = 0;

	require(dir != NULL);
	while (readdir(dir))
		n++;
	require(n == 5); /* ".", "..", canary, 0, 1 */
	require(st.st_ino == canary.st_ino && st.st_mode == canary.st_mode && st.st_nlink == 1 &&
		st.st_size == canary.st_size && st.st_mtim.tv_sec == canary.st_mtim.tv_sec &&
		st.st_ctim.tv_sec == canary.st_ctim.tv_sec && st.st_ctim.tv_nsec == canary.st_ctim.tv_nsec);
}

static void scan(const uint8_t *bytes, size_t n, bool must)
{
	_cleanup_close_ int in = bytes_open(bytes, n), out = bytes_open(NULL, 0);
	_cleanup_free_ char *path = xmalloc(SCAN_TEXT_BYTES), *target = xmalloc(SCAN_TEXT_BYTES);
	struct sbx_err err = {0};
	struct scan_entry entry;
	int r = scan_write(in, out, &err);

	require(r >= 0 || (r == err.code && err.msg[0] && !must));
	require(lseek(out, 0, SEEK_SET) == 0);
	_cleanup_file_ FILE *records = fdopen(steal_fd(&out), "r");
	while ((r = scan_next(records, &entry, path, target, &err)) > 0)
		require(entry.kind < SCAN_KINDS && entry.path[0] && entry.mode <= 07777);
	require(r == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static char zero[] = "0", one[] = "1";

	prepare();
	int first = free_fd(); /* libFuzzer opens some of its own between two runs */
	int r = unpack(zero, NULL, bytes, n);
	unpack(one, zero, bytes, n);
	nothing_else();
	scan(bytes, n, r >= 0);
	require(tree_remove(top_fd, zero, NULL) == 0 && tree_remove(top_fd, one, NULL) == 0);
	require(free_fd() == first);
	return 0;
}
