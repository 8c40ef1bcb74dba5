/* SPDX-License-Identifier: Apache-2.0 */

/* The fuzzers' corpora say by their files' names what is to become of each: that is held to here. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "src/netd/dns_message.h"
#include "src/netd/packet.h"

#define LEAST 40 /* files in a corpus: a missing one is no success */

static void each_file(const char *corpus, void (*check)(const char *name, const uint8_t *bytes, size_t n))
{
	const char *top = getenv("SBX_SRCDIR");
	_cleanup_free_ char *path = xasprintf("%s/test/fuzz/corpus/%s", top ? top : ".", corpus);
	_cleanup_dir_ DIR *dir = opendir(path);
	size_t n_checked = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		_cleanup_free_ char *bytes = NULL;
		size_t n;
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(read_file_at(dirfd(dir), entry->d_name, 1 << 20, &bytes, &n, NULL), 0);
		check(entry->d_name, (const uint8_t *)bytes, n);
		n_checked++;
	}
	assert_true(n_checked >= LEAST);
}

static void check_packet(const char *name, const uint8_t *bytes, size_t n)
{
	struct packet p;
	packet_parse(bytes, n, &p);
	if ((p.kind != PACKET_OTHER) != str_starts(name, "good-"))
		fail_msg("%s is of kind %d", name, p.kind);
}

/* As test/fuzz/fuzz_dns.c divides them: the query's length, the query, its answer. */
static void check_message(const char *name, const uint8_t *bytes, size_t n)
{
	struct dns_query query;
	struct dns_answer answer;
	size_t n_query = (size_t)bytes[0] << 8 | bytes[1];

	assert_true(n >= 2 + n_query);
	int r = dns_query_parse(bytes + 2, n_query, &query);
	if ((r == DNS_NOERROR) == str_starts(name, "bad-query-"))
		fail_msg("%s: %d as a query", name, r);
	if (r != DNS_NOERROR)
		return;
	r = dns_answer_parse(bytes + 2 + n_query, n - 2 - n_query, &query, 0x4242, &answer);
	if (r == 0 && answer.n_addrs > 0 ? !str_starts(name, "good-") : str_starts(name, "good-"))
		fail_msg("%s: %d as an answer with %zu addresses", name, r, answer.n_addrs);
}

static void bad_frames_are_dropped_and_good_ones_are_known(void **state)
{
	(void)state;
	each_file("packet", check_packet);
}

static void bad_queries_do_not_go_on_and_bad_answers_teach_nothing(void **state)
{
	(void)state;
	each_file("dns", check_message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_frames_are_dropped_and_good_ones_are_known),
		cmocka_unit_test(bad_queries_do_not_go_on_and_bad_answers_teach_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
