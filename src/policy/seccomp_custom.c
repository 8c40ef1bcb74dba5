/* SPDX-License-Identifier: Apache-2.0 */

/* Custom filters through the cache: compiling takes 3 to 20 ms, reading the compiled one back far less.  A cached
 * filter is found by the hash of all that it depends on, and believed only if it is whole, ours, and says the same
 * hash. */

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/dirs.h"
#include "sbx/fdio.h"
#include "sbx/log.h"
#include "sbx/path.h"
#include "sbx/sha256.h"
#include "sbx/str.h"
#include "seccomp_json.h"

#define CACHE_MAGIC "sbx-bpf" /* with its NUL, 8 bytes */
#define CACHE_FORMAT 1        /* changes with the compiler in seccomp_scmp.c and the header below */

/* A cached file: this and the instructions. */
struct cache_header {
	char magic[sizeof CACHE_MAGIC];
	uint8_t key[SHA256_BYTES];  /* what it was made from */
	uint8_t body[SHA256_BYTES]; /* the hash of the instructions */
	uint64_t n_insns;
};

struct cache_key {
	uint8_t bytes[SHA256_BYTES];
	char name[SHA256_HEX_LEN + 5]; /* "HEX.bpf" */
};

static int rules_read(const char *path, char **ret, size_t *ret_len, struct sbx_err *err)
{
	struct stat st;
	/* The user's own file: links are followed.  Non-blocking, as it may turn out to be a pipe. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return sbx_fail(err, -errno, "open the seccomp profile %s", path);
	if (fstat(fd, &st) < 0)
		return sbx_fail(err, -errno, "look at the seccomp profile %s", path);
	if (!S_ISREG(st.st_mode))
		return sbx_fail_plain(err, -EINVAL, "the seccomp profile %s is not a regular file", path);
	int r = read_all(fd, SECCOMP_JSON_MAX, ret, ret_len, err);
	return r < 0 ? sbx_err_prefix(err, r, "read the seccomp profile %s", path) : 0;
}

static void hash_text(struct sha256 *hash, const char *text)
{
	sha256_update(hash, text, strlen(text) + 1); /* the NUL keeps neighbours apart */
}

static int cache_key_make(const char *rules, size_t len, uint64_t caps, struct cache_key *ret, struct sbx_err *err)
{
	const struct scmp_version *version = seccomp_version(); /* a constant's address: nothing is set up by it */
	unsigned numbers[] = {CACHE_FORMAT, version->major, version->minor, version->micro};
	struct utsname host;
	struct sha256 hash;

	if (uname(&host) < 0)
		return sbx_fail(err, -errno, "ask for the kernel's release");
	sha256_init(&hash);
	hash_text(&hash, PACKAGE_VERSION);
	sha256_update(&hash, numbers, sizeof numbers);
	hash_text(&hash, host.release);
	hash_text(&hash, host.version);
	hash_text(&hash, host.machine);
	sha256_update(&hash, &caps, sizeof caps);
	sha256_update(&hash, rules, len);
	sha256_final(&hash, ret->bytes);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(ret->name + 2 * i, 3, "%02x", ret->bytes[i]);
	strcpy(ret->name + SHA256_HEX_LEN, ".bpf");
	return 0;
}

/* cache_read - 0, or negative where there is no such filter or it cannot be believed: both mean "compile". */
static int cache_read(int dir_fd, const struct cache_key *key, struct seccomp_filter *ret)
{
	struct cache_header header;
	struct stat st;
	uint8_t sum[SHA256_BYTES];
	_cleanup_close_ int fd = openat(dir_fd, key->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) || st.st_size < (off_t)sizeof header)
		return -EINVAL;
	if (read_exact(fd, &header, sizeof header) < 0)
		return -EINVAL;
	if (memcmp(header.magic, CACHE_MAGIC, sizeof header.magic) != 0 ||
		memcmp(header.key, key->bytes, sizeof header.key) != 0 || header.n_insns == 0 ||
		header.n_insns > BPF_MAXINSNS)
		return -EINVAL;
	size_t n_bytes = header.n_insns * sizeof(struct sock_filter);
	if ((size_t)st.st_size != sizeof header + n_bytes)
		return -EINVAL;
	_cleanup_free_ struct sock_filter *insns = xmalloc(n_bytes);
	if (read_exact(fd, insns, n_bytes) < 0)
		return -EINVAL;
	struct sha256 hash;
	sha256_init(&hash);
	sha256_update(&hash, insns, n_bytes);
	sha256_final(&hash, sum);
	if (memcmp(sum, header.body, sizeof sum) != 0)
		return -EINVAL;
	ret->n_insns = header.n_insns;
	ret->owned = steal_ptr(insns);
	ret->insns = ret->owned;
	return 0;
}

/* cache_write - best effort: without a cache the next start compiles again. */
static void cache_write(int dir_fd, const struct cache_key *key, const struct seccomp_filter *filter)
{
	_cleanup_strbuf_ struct strbuf file = {0};
	struct cache_header header = {.magic = CACHE_MAGIC, .n_insns = filter->n_insns};
	size_t n_bytes = filter->n_insns * sizeof *filter->insns;
	struct sha256 hash;
	struct sbx_err err;

	memcpy(header.key, key->bytes, sizeof header.key);
	sha256_init(&hash);
	sha256_update(&hash, filter->insns, n_bytes);
	sha256_final(&hash, header.body);
	strbuf_addn(&file, &header, sizeof header);
	strbuf_addn(&file, filter->insns, n_bytes);
	if (file_write_durable(dir_fd, key->name, file.s, file.len, 0600, &err) < 0)
		log_info("the compiled system-call filter is not kept: %s", err.msg);
}

static int cache_open(void)
{
	struct sbx_err err;
	_cleanup_free_ char *state = dir_state(&err), *dir = state ? path_join(state, "seccomp") : NULL;

	int fd = dir ? mkdir_private(dir, &err) : -1;
	if (fd < 0)
		log_info("compiled system-call filters are not kept: %s", err.msg);
	struct stat st;
	if (fd >= 0 && (fstat(fd, &st) < 0 || (st.st_mode & 022))) {
		log_info("compiled system-call filters are not kept: others may write to %s", dir);
		close(steal_fd(&fd));
	}
	return fd;
}

int seccomp_load_custom(const char *path, uint64_t caps, struct seccomp_filter *ret, struct sbx_err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	struct cache_key key;
	struct seccomp_rules rules;

	*ret = (struct seccomp_filter){0};
	int r = rules_read(path, &text, &len, err);
	if (r == 0)
		r = cache_key_make(text, len, caps, &key, err);
	if (r < 0)
		return r;
	_cleanup_close_ int dir_fd = cache_open();
	if (dir_fd >= 0 && cache_read(dir_fd, &key, ret) == 0)
		return 0;
	r = seccomp_rules_parse(path, text, len, caps, &rules, err);
	if (r < 0)
		return r;
	r = seccomp_rules_compile(path, &rules, ret, err);
	seccomp_rules_free(&rules);
	if (r == 0 && dir_fd >= 0)
		cache_write(dir_fd, &key, ret);
	return r;
}
