/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../../src/runtime/sync.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reason_outlives_an_unread_record),
		cmocka_unit_test(end_with_an_unread_record_is_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
