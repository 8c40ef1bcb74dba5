/* SPDX-License-Identifier: Apache-2.0 */

/* Custom filters: Docker's JSON, good and bad, and the cache that must not believe what it finds. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "filter_run.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/policy.h"
#include "sbx/str.h"
#include "src/policy/seccomp_compile.h"

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(code) (SECCOMP_RET_ERRNO | (code))
#define CAP(n) (UINT64_C(1) << (n))

static char dir[] = "/tmp/sbx-test-seccomp-XXXXXX";
static char json_path[64], cache_path[96];

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(json_path, sizeof json_path, "%s/f.json", dir);
	snprintf(cache_path, sizeof cache_path, "%s/sbx/seccomp", dir);
	return setenv("XDG_STATE_HOME", dir, 1);
}

static int tear_down(void **state)
{
	(void)state;
	return tree_remove(AT_FDCWD, dir, NULL);
}

static void put(const char *path, const void *bytes, size_t n)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, bytes, n), 0);
}

static int load(const char *json, uint64_t caps, struct seccomp_filter *ret, struct sbx_err *err)
{
	put(json_path, json, strlen(json));
	return seccomp_load_custom(json_path, caps, ret, err);
}

static uint32_t ask(const struct seccomp_filter *f, const char *call, uint64_t arg0, uint64_t arg1)
{
	struct seccomp_data data = {.nr = filter_call_number(call), .arch = NATIVE_ARCH, .args = {arg0, arg1}};

	return filter_run(f->insns, f->n_insns, &data);
}

static void get(const char *json, uint64_t caps, struct seccomp_filter *ret)
{
	struct sbx_err err;

	if (load(json, caps, ret, &err) < 0)
		fail_msg("%s", err.msg);
}

static void rules_answer_as_written(void **state)
{
	struct seccomp_filter f;

	(void)state;
	get("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,\"syscalls\":["
	    "{\"names\":[\"read\",\"fchmodat2\",\"a_call_of_the_future\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	    "{\"name\":\"bpf\",\"action\":\"SCMP_ACT_ERRNO\"},"
	    "{\"names\":[\"kcmp\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":22,\"errno\":\"EINVAL\",\"comment\":"
	    "\"x\"},"
	    "{\"names\":[\"acct\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"},"
	    "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}]}",
		0, &f);
	assert_int_equal(ask(&f, "read", 0, 0), ALLOW);
	assert_int_equal(ask(&f, "fchmodat2", 0, 0), ALLOW);
	assert_int_equal(ask(&f, "write", 0, 0), REFUSE(ENOSYS));
	assert_int_equal(ask(&f, "mount", 0, 0), REFUSE(ENOSYS));
	assert_int_equal(ask(&f, "bpf", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask(&f, "kcmp", 0, 0), REFUSE(EINVAL));
	assert_int_equal(ask(&f, "acct", 0, 0), SECCOMP_RET_KILL_PROCESS);
	struct seccomp_data foreign = {.nr = 0, .arch = AUDIT_ARCH_ARM};
	assert_int_equal(filter_run(f.insns, f.n_insns, &foreign), REFUSE(ENOSYS));
	seccomp_filter_free(&f);
}

static void arguments_are_compared(void **state)
{
	struct seccomp_filter f;

	(void)state;
	get("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
	    "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":2114060288,"
	    "\"valueTwo\":0,"
	    "\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
	    "{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	    "{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":2,\"op\":\"SCMP_CMP_EQ\"}]},"
	    "{\"names\":[\"kill\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	    "{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_GT\"},{\"index\":1,\"value\":9,\"op\":\"SCMP_CMP_NE\"}]}]}",
		0, &f);
	assert_int_equal(ask(&f, "clone", 0x11, 0), ALLOW);
	assert_int_equal(ask(&f, "clone", 0x10000011, 0), REFUSE(EPERM));
	assert_int_equal(ask(&f, "socket", 1, 0), ALLOW);
	assert_int_equal(ask(&f, "socket", 2, 0), ALLOW);
	assert_int_equal(ask(&f, "socket", 16, 0), REFUSE(EPERM));
	assert_int_equal(ask(&f, "kill", 5, 15), ALLOW);
	assert_int_equal(ask(&f, "kill", 5, 9), REFUSE(EPERM));
	assert_int_equal(ask(&f, "kill", 1, 15), REFUSE(EPERM));
	seccomp_filter_free(&f);
}

static void includes_and_excludes_choose_rules(void **state)
{
	static const char json[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\","
		"\"subArchitectures\":"
		"[\"SCMP_ARCH_X86\"]},{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":null}],\"syscalls\":"
		"["
		"{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"unshare\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
		"{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\"}},"
		"{\"names\":[\"kcmp\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"999.0\"}},"
		"{\"names\":[\"acct\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"no-such\"]}},"
		"{\"names\":[\"bpf\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":[\"amd64\",\"arm64\","
		"\"riscv64\","
		"\"s390x\",\"ppc64le\"]},\"args\":null,\"excludes\":{}}]}";
	struct seccomp_filter f;

	(void)state;
	get(json, 0, &f);
	assert_int_equal(ask(&f, "mount", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask(&f, "unshare", 0, 0), ALLOW);
	assert_int_equal(ask(&f, "ptrace", 0, 0), ALLOW);
	assert_int_equal(ask(&f, "kcmp", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask(&f, "acct", 0, 0), REFUSE(EPERM));
	assert_int_equal(ask(&f, "bpf", 0, 0), ALLOW);
	seccomp_filter_free(&f);
	/* Other capabilities are other rules, cache or not. */
	get(json, CAP(21), &f);
	assert_int_equal(ask(&f, "mount", 0, 0), ALLOW);
	assert_int_equal(ask(&f, "unshare", 0, 0), REFUSE(EPERM));
	seccomp_filter_free(&f);
}

/* What must be refused, and a part of the message, which always begins with the file. */
static const struct {
	const char *json, *message;
} bad[] = {
	{"", "f.json:"},
	{"{", "f.json:1: "},
	{"[]", "\"the document\" must be an object"},
	{"{}", "\"defaultAction\" is missing"},
	{"{\"defaultAction\":1}", "\"defaultAction\" must be an action"},
	{"{\"defaultAction\":\"ALLOW\"}", "defaultAction: no action is named 'ALLOW'"},
	{"{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "SCMP_ACT_NOTIFY needs a listening program"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultAction\":\"SCMP_ACT_KILL\"}", "duplicate object key"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":-1}", "must be from 0 to 4095"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":65537}", "must be from 0 to 4095"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"EWHAT\"}", "no error is named 'EWHAT'"},
	{"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOSYS\",\"defaultErrnoRet\":1}", "are two errors"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]}",
		"\"flags\" are not supported"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/x\"}",
		"\"listenerPath\" is not known or not supported"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_PDP11\"]}",
		"no architecture is named 'SCMP_ARCH_PDP11'"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":\"SCMP_ARCH_PDP11\"}]}",
		"archMap[0]: no architecture"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":{}}", "\"syscalls\" must be a list"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\"},{}]}",
		"syscalls[1]: a rule without \"names\""},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"]}]}", "\"syscalls[0]\" is missing"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[1],\"action\":\"SCMP_ACT_KILL\"}]}",
		"must be a system call's name"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"raed\\u001b\"],\"action\":\"SCMP_ACT_"
	 "ERRNO\"}]}",
		"syscalls[0]: the call 'raed\\x1b' cannot be refused: libseccomp"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\","
	 "\"arg\":[]}]}",
		"syscalls[0]: \"arg\" is not known"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\","
	 "\"args\":[{"
	 "\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"arguments 0 to 5, not 6"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\","
	 "\"args\":[{"
	 "\"index\":0,\"value\":0,\"op\":\"==\"}]}]}",
		"no comparison is named '=='"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\","
	 "\"args\":[{"
	 "\"index\":0,\"value\":-5,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		"\"value\" must be a number from 0"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\","
	 "\"includes\":{\"caps\":[\"CAP_ANYTHING\"]}}]}",
		"no capability is named 'CAP_ANYTHING'"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\","
	 "\"includes\":{\"minKernel\":\"new\"}}]}",
		"\"minKernel\" must be a version"},
	{"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\","
	 "\"excludes\":{\"os\":[]}}]}",
		"\"os\" is not known"},
};

static void what_is_wrong_is_refused_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct seccomp_filter f;
		struct sbx_err err = {0};
		if (load(bad[i].json, 0, &f, &err) != -EINVAL)
			fail_msg("taken: %s", bad[i].json);
		if (!strstr(err.msg, bad[i].message) || !str_starts(err.msg, json_path))
			fail_msg("%s\nsays: %s\nnot: %s", bad[i].json, err.msg, bad[i].message);
	}
}

static void a_file_that_is_missing_too_large_or_no_file_is_refused(void **state)
{
	struct seccomp_filter f;
	struct sbx_err err;
	_cleanup_free_ char *large = xmalloc((size_t)2 << 20);

	(void)state;
	assert_int_equal(seccomp_load_custom("/nowhere/f.json", 0, &f, &err), -ENOENT);
	assert_int_equal(seccomp_load_custom(dir, 0, &f, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "is not a regular file"));
	memset(large, ' ', (size_t)2 << 20);
	put(json_path, large, (size_t)2 << 20);
	assert_int_equal(seccomp_load_custom(json_path, 0, &f, &err), -EFBIG);
}

/* The cache.  Each test has a rule of its own, so that no file of another is found. */

static char *cached_file(void)
{
	_cleanup_dir_ DIR *d = opendir(cache_path);
	char *found = NULL;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		assert_null(found);
		found = xasprintf("%s/%s", cache_path, e->d_name);
	}
	return found;
}

static const char small[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";

/* start_cache - an empty cache, then one load: its file's path and content. */
static char *start_cache(char **ret_bytes, size_t *ret_n)
{
	struct seccomp_filter f;

	assert_int_equal(tree_remove(AT_FDCWD, cache_path, NULL), 0);
	get(small, 0, &f);
	seccomp_filter_free(&f);
	char *path = cached_file();
	assert_non_null(path);
	assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, ret_bytes, ret_n, NULL), 0);
	return path;
}

static void the_second_load_reads_the_cache(void **state)
{
	_cleanup_free_ char *bytes = NULL, *again = NULL;
	struct stat before, after;
	struct seccomp_filter f;
	size_t n;

	(void)state;
	_cleanup_free_ char *path = start_cache(&bytes, &n);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	get(small, 0, &f);
	assert_int_equal(ask(&f, "read", 0, 0), ALLOW);
	seccomp_filter_free(&f);
	again = cached_file();
	assert_string_equal(path, again);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino); /* a file written again would be another */
	assert_int_equal(stat(cache_path, &after), 0);
	assert_int_equal(after.st_mode & 07777, 0700);
}

/* assert_mended - a load gives the right filter and puts the right file back. */
static void assert_mended(const char *path, const char *bytes, size_t n)
{
	_cleanup_free_ char *now = NULL;
	size_t now_n;
	struct seccomp_filter f;

	get(small, 0, &f);
	assert_int_equal(ask(&f, "read", 0, 0), ALLOW);
	assert_int_equal(ask(&f, "write", 0, 0), REFUSE(EPERM));
	seccomp_filter_free(&f);
	assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, &now, &now_n, NULL), 0);
	assert_int_equal(now_n, n);
	assert_memory_equal(now, bytes, n);
}

static void any_byte_changed_means_compile_again(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	size_t n;

	(void)state;
	_cleanup_free_ char *path = start_cache(&bytes, &n);
	for (size_t i = 0; i < n; i += i < 80 ? 3 : 17) {
		bytes[i] ^= 0x40;
		put(path, bytes, n);
		bytes[i] ^= 0x40;
		assert_mended(path, bytes, n);
	}
}

static void a_file_cut_or_grown_means_compile_again(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	size_t n;

	(void)state;
	_cleanup_free_ char *path = start_cache(&bytes, &n);
	const size_t lengths[] = {0, 1, 8, 79, 80, 81, n / 2, n - 8, n - 1};
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		put(path, bytes, lengths[i]);
		assert_mended(path, bytes, n);
	}
	_cleanup_free_ char *longer = xcalloc(1, n + 8);
	memcpy(longer, bytes, n);
	put(path, longer, n + 8);
	assert_mended(path, bytes, n);
}

static void a_link_a_pipe_or_a_file_others_may_write_is_not_believed(void **state)
{
	_cleanup_free_ char *bytes = NULL, *elsewhere = xasprintf("%s/elsewhere", dir);
	struct stat st;
	size_t n;

	(void)state;
	_cleanup_free_ char *path = start_cache(&bytes, &n);
	put(elsewhere, bytes, n);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(elsewhere, path), 0);
	assert_mended(path, bytes, n);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));

	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_mended(path, bytes, n);

	assert_int_equal(chmod(path, 0666), 0);
	assert_mended(path, bytes, n);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_file_of_another_filter_under_this_name_is_not_believed(void **state)
{
	_cleanup_free_ char *bytes = NULL, *other = NULL;
	static const char wide[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}";
	struct seccomp_filter f;
	size_t n, other_n;

	(void)state;
	assert_int_equal(tree_remove(AT_FDCWD, cache_path, NULL), 0);
	get(wide, 0, &f);
	seccomp_filter_free(&f);
	_cleanup_free_ char *other_path = cached_file();
	assert_int_equal(read_file_at(AT_FDCWD, other_path, 1 << 20, &other, &other_n, NULL), 0);
	_cleanup_free_ char *path = start_cache(&bytes, &n);
	put(path, other, other_n);
	assert_mended(path, bytes, n);
}

static void without_a_cache_directory_it_works_all_the_same(void **state)
{
	struct seccomp_filter f;

	(void)state;
	assert_int_equal(tree_remove(AT_FDCWD, cache_path, NULL), 0);
	put(cache_path, "x", 1); /* a file where the directory should be */
	get(small, 0, &f);
	assert_int_equal(ask(&f, "read", 0, 0), ALLOW);
	seccomp_filter_free(&f);
	assert_int_equal(unlink(cache_path), 0);
}

static void a_cache_that_others_may_write_is_not_used(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	struct seccomp_filter f;
	size_t n;

	(void)state;
	_cleanup_free_ char *path = start_cache(&bytes, &n);
	assert_int_equal(chmod(cache_path, 0777), 0);
	put(path, "x", 1);
	get(small, 0, &f);
	assert_int_equal(ask(&f, "write", 0, 0), REFUSE(EPERM));
	seccomp_filter_free(&f);
	_cleanup_free_ char *now = NULL;
	assert_int_equal(read_file_at(AT_FDCWD, path, 1 << 20, &now, &n, NULL), 0);
	assert_int_equal(n, 1); /* nor mended */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_answer_as_written),
		cmocka_unit_test(arguments_are_compared),
		cmocka_unit_test(includes_and_excludes_choose_rules),
		cmocka_unit_test(what_is_wrong_is_refused_in_words),
		cmocka_unit_test(a_file_that_is_missing_too_large_or_no_file_is_refused),
		cmocka_unit_test(the_second_load_reads_the_cache),
		cmocka_unit_test(any_byte_changed_means_compile_again),
		cmocka_unit_test(a_file_cut_or_grown_means_compile_again),
		cmocka_unit_test(a_link_a_pipe_or_a_file_others_may_write_is_not_believed),
		cmocka_unit_test(a_file_of_another_filter_under_this_name_is_not_believed),
		cmocka_unit_test(without_a_cache_directory_it_works_all_the_same),
		cmocka_unit_test(a_cache_that_others_may_write_is_not_used),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
