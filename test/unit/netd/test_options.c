/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the command line of sbx-net, and of its log. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "src/netd/netlog.h"
#include "src/netd/options.h"

#define WORDS_MAX 16

static struct netd_options options;
static struct sbx_err err;
static char control[32], stats[32];
static int fds[2];

static int setup(void **state)
{
	(void)state;
	fds[0] = memfd_create("control", 0);
	fds[1] = memfd_create("stats", 0);
	snprintf(control, sizeof control, "--control=%d", fds[0]);
	snprintf(stats, sizeof stats, "--stats=%d", fds[1]);
	return fds[0] < 0 || fds[1] < 0;
}

static int teardown(void **state)
{
	(void)state;
	netd_options_clear(&options);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

/* parse - the two descriptors and @words, which end with NULL. */
static int parse(const char *const *words)
{
	char *argv[WORDS_MAX] = {"sbx-net", control, stats};
	int argc = 3;
	netd_options_clear(&options);
	for (; *words; words++)
		argv[argc++] = (char *)*words;
	return netd_options_parse(argc, argv, &options, &err);
}

static int parse_one(const char *word)
{
	const char *const words[] = {word, NULL};
	return parse(words);
}

static void all_that_the_launcher_says_is_understood(void **state)
{
	(void)state;
	static const char *const words[] = {"--ipv6=no", "--publish=tcp:[127.0.0.1]:8080:80",
		"--publish=udp:[2001:db8::1]:53:5353", "--host-port=5432", "--allow-domain=*.example.com:443",
		"--allow-address=192.0.2.0/24", NULL};
	struct net_addr want;
	if (parse(words) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(options.control_fd, fds[0]);
	assert_int_equal(options.stats_fd, fds[1]);
	assert_int_equal(options.log_fd, -1);
	assert_false(options.ipv6);
	assert_true(options.host_ports);
	assert_true(options.publishes_udp);
	assert_int_equal(options.n_publish, 2);
	assert_false(options.publish[0].udp);
	assert_int_equal(options.publish[0].host_port, 8080);
	assert_int_equal(options.publish[0].port, 80);
	assert_int_equal(net_addr_parse("127.0.0.1", &want), 0);
	assert_memory_equal(&options.publish[0].host_addr, &want, sizeof want);
	assert_true(options.publish[1].udp);
	assert_int_equal(options.publish[1].host_port, 53);
	assert_int_equal(options.publish[1].port, 5353);
	assert_int_equal(net_addr_parse("2001:db8::1", &want), 0);
	assert_memory_equal(&options.publish[1].host_addr, &want, sizeof want);

	assert_true(allow_name(options.allow, "a.example.com"));
	assert_false(allow_name(options.allow, "example.org"));
	assert_int_equal(net_addr_parse("192.0.2.9", &want), 0);
	assert_int_equal(allow_check(options.allow, &want, 1, false, 1000), ALLOW_PASS);
	assert_int_equal(net_addr_parse("198.51.100.1", &want), 0);
	assert_int_equal(allow_check(options.allow, &want, 1, false, 1000), ALLOW_REFUSE);
	assert_int_equal(net_addr_parse(NET_HOST4, &want), 0);
	assert_int_equal(allow_check(options.allow, &want, 5432, false, 1000), ALLOW_PASS);
	assert_int_equal(allow_check(options.allow, &want, 5433, false, 1000), ALLOW_REFUSE);
}

static void nothing_is_allowed_that_was_not_said(void **state)
{
	(void)state;
	static const char *const none[] = {NULL};
	assert_int_equal(parse(none), 0);
	assert_true(options.ipv6);
	assert_false(options.host_ports);
	assert_false(options.publishes_udp);
	assert_int_equal(options.n_publish, 0);
}

static void descriptors_do_not_outlive_an_exec(void **state)
{
	(void)state;
	static const char *const none[] = {NULL};
	assert_int_equal(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(parse(none), 0);
	assert_int_equal(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(fds[1], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void what_is_not_wholly_right_is_refused_by_name(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "word", "--help", "--control", "--control=", "--control=-1",
		"--control=99999", "--control=3x", "--stats=2147483648", "--log=", "--ipv6=maybe", "--no-ipv6",
		"--publish=", "--publish=tcp", "--publish=tcp:127.0.0.1:1:2", "--publish=sctp:[127.0.0.1]:1:2",
		"--publish=tcp:[127.0.0.1:1:2", "--publish=tcp:[127.0.0.1]1:2", "--publish=tcp:[]:1:2",
		"--publish=tcp:[localhost]:1:2", "--publish=tcp:[127.0.0.1]:0:2", "--publish=tcp:[127.0.0.1]:1:0",
		"--publish=tcp:[127.0.0.1]:1", "--publish=tcp:[127.0.0.1]:1:", "--publish=tcp:[127.0.0.1]:1:2:3",
		"--publish=tcp:[127.0.0.1]:65536:2", "--publish=tcp:[127.0.0.1]:-1:2", "--publish=tcp:[::1%1]:1:2",
		"--host-port=0", "--host-port=65536", "--host-port=", "--host-port=22x",
		"--allow-domain=", "--allow-domain=a..b", "--allow-address=", "--allow-address=192.0.2.0/33",
		"--allow-address=example.com"};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		err = (struct sbx_err){0};
		if (parse_one(wrong[i]) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
		const char *value = strchr(wrong[i], '=');
		assert_string_not_equal(err.msg, "");
		assert_non_null(strstr(err.msg, value ? value + 1 : wrong[i]));
	}
}

static void without_its_descriptors_it_says_who_starts_it(void **state)
{
	(void)state;
	char *argv[] = {"sbx-net", control};
	assert_int_equal(netd_options_parse(1, argv, &options, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "started by sbx"));
	netd_options_clear(&options);
	assert_int_equal(netd_options_parse(2, argv, &options, &err), -EINVAL);
	/* so that it can be told */
	assert_int_equal(options.control_fd, fds[0]);
}

static char log_text[4096];

static const char *log_read(int fd)
{
	ssize_t n = pread(fd, log_text, sizeof log_text - 1, 0);
	assert_true(n >= 0);
	log_text[n] = '\0';
	return log_text;
}

/* after_time - what stands behind the time, which must be one. */
static const char *after_time(const char *line)
{
	static const char form[] = "{\"time\":\"dddd-dd-ddTdd:dd:dd.dddZ\"";
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != form[i])
			fail_msg("no time in: %s", line);
	return line + strlen(form);
}

static void a_line_of_the_log_is_json_whatever_the_name(void **state)
{
	(void)state;
	_cleanup_close_ int fd = memfd_create("log", MFD_CLOEXEC);
	struct netlog log = {.fd = fd};
	struct net_addr addr;
	assert_int_equal(net_addr_parse("2001:db8::7", &addr), 0);
	netlog_write(&log, "tcp", NULL, &addr, 443, true);
	const char *line = log_read(fd);
	assert_string_equal(after_time(line), ",\"protocol\":\"tcp\",\"name\":null,\"address\":\"2001:db8::7\","
					      "\"port\":443,\"verdict\":\"allowed\"}\n");
	assert_int_equal(log.written_bytes, strlen(line));

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(net_addr_parse("192.0.2.1", &addr), 0);
	netlog_write(&log, "udp", "a\"b\\c\n\xff.example", &addr, 53, false);
	assert_string_equal(after_time(log_read(fd)),
		",\"protocol\":\"udp\",\"name\":\"a\\u0022b\\u005cc\\u000a\\u00ff.example\",\"address\":\"192.0.2.1\","
		"\"port\":53,\"verdict\":\"refused\"}\n");
}

static void a_full_log_says_so_and_is_left_alone(void **state)
{
	(void)state;
	_cleanup_close_ int fd = memfd_create("log", MFD_CLOEXEC);
	struct netlog log = {.fd = fd, .written_bytes = NETLOG_MAX_BYTES - 1};
	struct net_addr addr;
	assert_int_equal(net_addr_parse("192.0.2.1", &addr), 0);
	netlog_write(&log, "tcp", "last.example", &addr, 1, true);
	netlog_write(&log, "tcp", "more.example", &addr, 1, true);
	const char *text = log_read(fd);
	assert_non_null(strstr(text, "last.example"));
	assert_null(strstr(text, "more.example"));
	assert_string_equal(strchr(text, '\n') + 1, "{\"truncated\":true}\n");
}

static void a_log_that_cannot_be_written_stops_nobody(void **state)
{
	(void)state;
	_cleanup_close_ int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct netlog log = {.fd = fd}, none = {.fd = -1};
	struct net_addr addr = {0};
	netlog_write(&log, "tcp", NULL, &addr, 1, true);
	netlog_write(&none, "tcp", NULL, &addr, 1, true);
	assert_int_equal(none.written_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_that_the_launcher_says_is_understood, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_allowed_that_was_not_said, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptors_do_not_outlive_an_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_wholly_right_is_refused_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(without_its_descriptors_it_says_who_starts_it, setup, teardown),
		cmocka_unit_test(a_line_of_the_log_is_json_whatever_the_name),
		cmocka_unit_test(a_full_log_says_so_and_is_left_alone),
		cmocka_unit_test(a_log_that_cannot_be_written_stops_nobody),
	};
	return cmocka_run_group_tests_name("options and log of sbx-net", tests, NULL, NULL);
}
