/* SPDX-License-Identifier: Apache-2.0 */

/* Descriptors: bounded reads, whole writes, what passes over a socket, what is closed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"

static int file_of(size_t n)
{
	_cleanup_free_ char *bytes = xmalloc(n + 1);
	int fd = memfd_create("sbx-test", MFD_CLOEXEC);

	memset(bytes, 'x', n);
	assert_true(fd >= 0 && write_all(fd, bytes, n) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void a_file_is_read_up_to_its_limit_and_not_a_byte_more(void **state)
{
	static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 100000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_close_ int fd = file_of(sizes[i]);
		_cleanup_free_ char *bytes = NULL;
		struct sbx_err err = {0};
		size_t n = 7;
		assert_int_equal(read_all(fd, sizes[i], &bytes, &n, &err), 0);
		assert_int_equal(n, sizes[i]);
		assert_int_equal(strlen(bytes), n);
		if (sizes[i] == 0)
			continue;
		char *none = NULL;
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(read_all(fd, sizes[i] - 1, &none, &n, &err), -EFBIG);
		assert_null(none);
		_cleanup_free_ char *message = xasprintf("larger than %zu bytes", sizes[i] - 1);
		assert_string_equal(err.msg, message);
	}
}

static void only_regular_files_are_read_by_name(void **state)
{
	char path[] = "/tmp/sbx-test-fdio-XXXXXX";
	struct sbx_err err = {0};
	char *bytes = NULL;
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(path));
	_cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0); /* opening one for reading would wait for a writer */
	assert_int_equal(symlinkat("/etc/passwd", dir, "link"), 0);
	assert_int_equal(read_file_at(dir, "fifo", 10, &bytes, &n, &err), -EINVAL);
	assert_string_equal(err.msg, "fifo: not a regular file");
	assert_int_equal(read_file_at(dir, "link", 1 << 20, &bytes, &n, &err), -ELOOP);
	assert_int_equal(read_file_at(dir, ".", 10, &bytes, &n, &err), -EINVAL);
	assert_int_equal(read_file_at(dir, "missing", 10, &bytes, &n, &err), -ENOENT);
	assert_string_equal(err.msg, "open missing: No such file or directory");
	assert_int_equal(read_file_at(AT_FDCWD, "/etc/passwd", 1, &bytes, &n, &err), -EFBIG);
	assert_string_equal(err.msg, "/etc/passwd: larger than 1 bytes");
	assert_null(bytes);
	assert_int_equal(tree_remove(AT_FDCWD, path, NULL), 0);
}

static void an_exact_read_tells_an_end_at_once_from_one_in_the_middle(void **state)
{
	char bytes[4];
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write_all(p[1], "abcdef", 6), 0);
	close(p[1]);
	assert_int_equal(read_exact(p[0], bytes, 4), 0);
	assert_int_equal(read_exact(p[0], bytes, 4), -EPIPE);
	assert_int_equal(read_exact(p[0], bytes, 4), -ENODATA);
	assert_int_equal(read_exact(p[0], bytes, 0), 0);
	close(p[0]);
	assert_int_equal(read_exact(p[0], bytes, 4), -EBADF);
	assert_int_equal(write_all(p[0], bytes, 4), -EBADF);
}

static void a_write_larger_than_a_pipe_is_whole(void **state)
{
	enum { N = 1 << 20 };
	_cleanup_free_ char *bytes = xcalloc(1, N);
	int p[2], status;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(read_exact(p[0], bytes, N) != 0);
	close(p[0]);
	assert_int_equal(write_all(p[1], bytes, N), 0);
	close(p[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static size_t n_open(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void descriptors_pass_with_a_message_and_are_close_on_exec(void **state)
{
	int pair[2], sent[8], got[8];
	char bytes[16];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (int i = 0; i < 8; i++)
		sent[i] = file_of((size_t)i + 1);
	for (size_t n = 0; n <= 8; n++) {
		size_t room = 8;
		assert_int_equal(fd_send(pair[0], "hello", 5, sent, n), 0);
		assert_int_equal(fd_recv(pair[1], bytes, sizeof(bytes), got, &room), 5);
		assert_int_equal(room, n);
		for (size_t i = 0; i < n; i++) {
			struct stat a, b;
			assert_true(fstat(sent[i], &a) == 0 && fstat(got[i], &b) == 0);
			assert_int_equal(a.st_ino, b.st_ino);
			assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
			close(got[i]);
		}
	}
	assert_int_equal(fd_send(pair[0], "x", 1, sent, 9), -EINVAL);
	assert_int_equal(fd_send(pair[0], "x", 0, sent, 1), -EINVAL);
	assert_int_equal(fd_send(pair[0], "x", 4097, sent, 1), -EINVAL);
	for (int i = 0; i < 8; i++)
		close(sent[i]);
	close(pair[0]);
	close(pair[1]);
}

static void more_descriptors_than_there_is_room_for_are_closed_and_an_error(void **state)
{
	int pair[2], got[2] = {-1, -1};
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	const int sent[] = {0, 1, 2};
	size_t before = n_open();
	for (size_t room = 0; room < 3; room++) {
		size_t n = room;
		assert_int_equal(fd_send(pair[0], "x", 1, sent, 3), 0);
		assert_int_equal(fd_recv(pair[1], &byte, 1, got, &n), -EPROTO);
		assert_int_equal(n, 0);
		assert_int_equal(n_open(), before);
	}
	assert_int_equal(fd_send(pair[0], "x", 1, sent, 1), 0);
	assert_int_equal(fd_recv(pair[1], &byte, 1, NULL, NULL), -EPROTO);
	assert_int_equal(n_open(), before);
	close(pair[0]);
	size_t n = 2;
	assert_int_equal(fd_recv(pair[1], &byte, 1, got, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(fd_send(pair[1], "x", 1, NULL, 0), -EPIPE); /* and no signal */
	close(pair[1]);
	assert_int_equal(fd_recv(pair[1], &byte, 1, got, &n), -EBADF);
}

/* in_child - @work there; its exit status. */
static int in_child(int (*work)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(work());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Which of 0-2, the kept and the others are open (or close-on-exec) afterwards. */
static const int kept[] = {0, 4, 7, 200}, others[] = {3, 5, 6, 8, 199, 201, 255};

static void open_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		dup2(1, kept[i]);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		dup2(1, others[i]);
}

static int close_and_look(void)
{
	open_all();
	if (fd_close_others(kept, ARRAY_SIZE(kept), NULL) < 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (fcntl(kept[i], F_GETFD) != 0)
			return 2;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (fcntl(others[i], F_GETFD) != -1)
			return 3;
	return fcntl(1, F_GETFD) < 0 || fcntl(2, F_GETFD) < 0 ? 4 : 0;
}

static int mark_and_look(void)
{
	open_all();
	if (fd_cloexec_others(kept, ARRAY_SIZE(kept), NULL) < 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (fcntl(kept[i], F_GETFD) != 0)
			return 2;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (fcntl(others[i], F_GETFD) != FD_CLOEXEC)
			return 3;
	return fcntl(1, F_GETFD) != 0 || fcntl(2, F_GETFD) != 0 ? 4 : 0;
}

static int close_all_and_look(void)
{
	open_all();
	if (fd_close_others(NULL, 0, NULL) < 0)
		return 1;
	for (int fd = 3; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return 2;
	return 0;
}

static void descriptors_that_are_not_kept_are_closed_or_marked(void **state)
{
	(void)state;
	assert_int_equal(in_child(close_and_look), 0);
	assert_int_equal(in_child(mark_and_look), 0);
	assert_int_equal(in_child(close_all_and_look), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_up_to_its_limit_and_not_a_byte_more),
		cmocka_unit_test(only_regular_files_are_read_by_name),
		cmocka_unit_test(an_exact_read_tells_an_end_at_once_from_one_in_the_middle),
		cmocka_unit_test(a_write_larger_than_a_pipe_is_whole),
		cmocka_unit_test(descriptors_pass_with_a_message_and_are_close_on_exec),
		cmocka_unit_test(more_descriptors_than_there_is_room_for_are_closed_and_an_error),
		cmocka_unit_test(descriptors_that_are_not_kept_are_closed_or_marked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
