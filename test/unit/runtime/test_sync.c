/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sbx/fdio.h"
#include "src/runtime/sync.h"

/* The kernel tells of the unread record first; what the child had said must not be lost by it. */
static void reason_outlives_an_unread_record(void **state)
{
	struct sync_record record;
	struct sbx_err why = {0};
	int pair[2], fd;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_MAPPED, 0, NULL, -1), 0);
	sbx_fail_plain(&why, -ENOENT, "no such thing");
	assert_int_equal(sync_send(pair[1], SYNC_FAILED, 125, &why, -1), 0);
	close(pair[1]);
	assert_int_equal(sync_recv(pair[0], &record, &fd), 1);
	assert_int_equal(record.kind, SYNC_FAILED);
	assert_int_equal(record.value, 125);
	assert_string_equal(record.err.msg, "no such thing");
	assert_int_equal(sync_recv(pair[0], &record, &fd), 0);
	close(pair[0]);
}

static void end_with_an_unread_record_is_an_end(void **state)
{
	struct sync_record record;
	int pair[2], fd;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_MAPPED, 0, NULL, -1), 0);
	close(pair[1]);
	assert_int_equal(sync_recv(pair[0], &record, &fd), 0);
	close(pair[0]);
}

static void pair_new(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static int n_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void a_descriptor_comes_with_its_record(void **state)
{
	struct sync_record record;
	int pair[2], fd;

	(void)state;
	pair_new(pair);
	assert_int_equal(sync_send(pair[1], SYNC_FUSE, 3, NULL, 0), 0);
	assert_int_equal(sync_recv(pair[0], &record, &fd), 1);
	assert_int_equal(record.kind, SYNC_FUSE);
	assert_int_equal(record.value, 3);
	assert_int_equal(record.err.code, 0);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

/* The child is a program that may have been taken over by what it mounted: what is no record is refused, and what came
 * with it closed. */
static void what_is_no_record_is_refused_and_leaves_no_descriptor(void **state)
{
	struct {
		struct sync_record record;
		char more;
	} sent = {0};
	static const size_t sizes[] = {1, 4, sizeof(struct sync_record) - 1};
	struct sync_record record;
	const int fds[] = {0, 1};
	int pair[2], fd;

	(void)state;
	pair_new(pair);
	int before = n_open();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_int_equal(fd_send(pair[1], &sent, sizes[i], fds, 1), 0);
		assert_int_equal(sync_recv(pair[0], &record, &fd), -EPROTO);
		assert_int_equal(fd, -1);
	}
	assert_int_equal(fd_send(pair[1], &sent, sizeof(record), fds, 2), 0);
	assert_int_equal(sync_recv(pair[0], &record, &fd), -EPROTO);
	assert_int_equal(fd, -1);
	assert_int_equal(n_open(), before);
	close(pair[0]);
	close(pair[1]);
}

static void a_text_without_an_end_gets_one(void **state)
{
	struct sync_record record = {.kind = SYNC_FAILED};
	int pair[2], fd;

	(void)state;
	pair_new(pair);
	memset(record.err.msg, 'x', sizeof(record.err.msg));
	assert_int_equal(fd_send(pair[1], &record, sizeof(record), NULL, 0), 0);
	assert_int_equal(sync_recv(pair[0], &record, &fd), 1);
	assert_int_equal(strlen(record.err.msg), sizeof(record.err.msg) - 1);
	close(pair[0]);
	close(pair[1]);
}

static void a_record_that_was_not_due_and_a_launcher_that_is_gone_are_told_apart(void **state)
{
	struct sbx_err err = {0};
	int pair[2];

	(void)state;
	pair_new(pair);
	int before = n_open();
	assert_int_equal(sync_send(pair[0], SYNC_MAPPED, 0, NULL, -1), 0);
	assert_int_equal(sync_expect(pair[1], SYNC_MAPPED, &err), 0);
	assert_int_equal(sync_send(pair[0], SYNC_FUSE_READY, 0, NULL, 2), 0);
	assert_int_equal(sync_expect(pair[1], SYNC_MAPPED, &err), -EPROTO);
	assert_string_equal(err.msg, "the launcher sent record 3 where 1 was due");
	assert_int_equal(n_open(), before);
	close(pair[0]);
	assert_int_equal(sync_expect(pair[1], SYNC_MAPPED, &err), -EPIPE);
	assert_string_equal(err.msg, "the launcher ended while the sandbox was being set up");
	assert_int_equal(sync_send(pair[1], SYNC_NET, 0, NULL, -1), -EPIPE);
	close(pair[1]);
	assert_int_equal(sync_expect(pair[1], SYNC_MAPPED, &err), -EBADF);
	assert_string_equal(err.msg, "hear from the launcher: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reason_outlives_an_unread_record),
		cmocka_unit_test(end_with_an_unread_record_is_an_end),
		cmocka_unit_test(a_descriptor_comes_with_its_record),
		cmocka_unit_test(what_is_no_record_is_refused_and_leaves_no_descriptor),
		cmocka_unit_test(a_text_without_an_end_gets_one),
		cmocka_unit_test(a_record_that_was_not_due_and_a_launcher_that_is_gone_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
