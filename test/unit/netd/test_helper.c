/* SPDX-License-Identifier: Apache-2.0 */

/* sbx-net as a program, started as the launcher does: what it says, when it ends, and how confined it is.  Its tap is
 * one end of a pair of sockets. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/nethelper.h"
#include "sbx/spawn.h"
#include "sbx/str.h"
#include "frames.h"

#define WAIT_MS 20000
#define SILENCE_MS 200

static struct {
	pid_t pid, inner; /* that which waits, and process 1 of the PID namespace */
	int control, tap;
} helper;

static char *helper_path;
static struct frame f, back;

static int find_helper(void **state)
{
	const char *build = getenv("SBX_BUILDDIR");
	(void)state;
	helper_path = xasprintf("%s/sbx-net", build ? build : ".");
	return access(helper_path, X_OK);
}

static int free_helper(void **state)
{
	(void)state;
	free(helper_path);
	return 0;
}

static void start(const char *word)
{
	int control[2], stats = memfd_create("stats", 0);
	char control_word[32], stats_word[32];
	assert_int_equal(ftruncate(stats, sizeof(struct net_stats)), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
	snprintf(control_word, sizeof control_word, "--control=%d", control[1]);
	snprintf(stats_word, sizeof stats_word, "--stats=%d", stats);
	helper.tap = -1;
	helper.inner = 0;
	helper.control = control[0];
	helper.pid = fork();
	assert_true(helper.pid >= 0);
	if (helper.pid == 0) {
		int keep[2] = {stats < control[1] ? stats : control[1], stats < control[1] ? control[1] : stats};
		signals_reset();
		fd_close_others(keep, 2, NULL);
		execl(helper_path, "sbx-net", control_word, stats_word, word, NULL);
		_exit(99);
	}
	close(control[1]);
	close(stats);
}

static struct net_record hear(void)
{
	struct net_record record;
	struct pollfd p = {.fd = helper.control, .events = POLLIN};
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(recv(helper.control, &record, sizeof record, 0), sizeof record);
	return record;
}

/* status_of - a field of /proc/PID/status, without the white space before it. */
static char *status_of(pid_t pid, const char *field)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)pid), *line = NULL;
	_cleanup_file_ FILE *file = fopen(path, "re");
	size_t room = 0, n = strlen(field);
	assert_non_null(file);
	while (getline(&line, &room, file) > 0)
		if (strncmp(line, field, n) == 0 && line[n] == ':') {
			line[strcspn(line, "\n")] = '\0';
			return xstrdup(line + n + 1 + strspn(line + n + 1, " \t"));
		}
	fail_msg("no %s in %s", field, path);
	return NULL;
}

/* wait_until_confined - the outer process is on its own way when the inner one says that it is ready. */
static void wait_until_confined(pid_t pid)
{
	for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 10) {
		_cleanup_free_ char *mode = status_of(pid, "Seccomp");
		if (str_eq(mode, "2"))
			return;
		usleep(10000);
	}
	fail_msg("process %d has no filter of system calls", (int)pid);
}

static void assert_ready(void)
{
	struct net_record record = hear();
	if (record.kind != NET_READY)
		fail_msg("%u: %s", record.kind, record.err.msg);
	_cleanup_free_ char *path = xasprintf("/proc/%d/task/%d/children", (int)helper.pid, (int)helper.pid);
	_cleanup_file_ FILE *file = fopen(path, "re");
	assert_non_null(file);
	int inner = 0;
	assert_int_equal(fscanf(file, "%d", &inner), 1);
	helper.inner = inner;
	wait_until_confined(helper.pid);
}

static void give_tap(void)
{
	int tap[2];
	struct net_record record = {.kind = NET_TAP};
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, tap), 0);
	assert_int_equal(fd_send(helper.control, &record, sizeof record, &tap[1], 1), 0);
	close(tap[1]);
	helper.tap = tap[0];
}

/* end - close the control socket and all else of ours; the status it ends with. */
static int end(void)
{
	int status = 0;
	close(helper.control);
	for (int waited_ms = 0; waitpid(helper.pid, &status, WNOHANG) == 0; waited_ms += 10) {
		if (waited_ms > WAIT_MS)
			kill(helper.pid, SIGKILL);
		usleep(10000);
	}
	if (helper.tap >= 0)
		close(helper.tap);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void it_is_ready_and_ends_with_its_launcher(void **state)
{
	(void)state;
	start(NULL);
	assert_ready();
	assert_int_equal(end(), 0);
	assert_int_equal(kill(helper.inner, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void killed_it_leaves_nothing(void **state)
{
	(void)state;
	start(NULL);
	assert_ready();
	assert_int_equal(kill(helper.pid, SIGKILL), 0);
	struct pollfd p = {.fd = helper.control, .events = POLLIN};
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(recv(helper.control, f.b, sizeof f.b, 0), 0);
	assert_int_equal(waitpid(helper.pid, NULL, 0), helper.pid);
	close(helper.control);
}

static void a_record_that_is_none_ends_it(void **state)
{
	(void)state;
	start(NULL);
	assert_ready();
	assert_int_equal(send(helper.control, "x", 1, 0), 1);
	struct pollfd p = {.fd = helper.control, .events = POLLIN};
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(recv(helper.control, f.b, sizeof f.b, 0), 0);
	assert_int_equal(end(), 0);
}

static void a_port_that_is_taken_is_named(void **state)
{
	(void)state;
	static const struct {
		int type;
		const char *name;
	} kinds[] = {{SOCK_STREAM, "tcp"}, {SOCK_DGRAM, "udp"}};
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
		socklen_t len = sizeof at;
		_cleanup_close_ int fd = socket(AF_INET, kinds[i].type | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
		if (kinds[i].type == SOCK_STREAM)
			assert_int_equal(listen(fd, 1), 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
		unsigned port = ntohs(at.sin_port);
		_cleanup_free_ char *word = xasprintf("--publish=%s:[127.0.0.1]:%u:80", kinds[i].name, port);
		_cleanup_free_ char *want =
			xasprintf("publish 127.0.0.1:%u/%s: Address already in use", port, kinds[i].name);
		start(word);
		struct net_record record = hear();
		assert_int_equal(record.kind, NET_FAILED);
		assert_string_equal(record.err.msg, want);
		assert_int_equal(record.err.code, -EADDRINUSE);
		assert_int_equal(end(), 1);
	}
}

static void a_word_that_is_none_is_told_to_the_launcher(void **state)
{
	(void)state;
	start("--publish=nonsense");
	struct net_record record = hear();
	assert_int_equal(record.kind, NET_FAILED);
	assert_non_null(strstr(record.err.msg, "--publish=nonsense"));
	assert_int_equal(end(), 1);
}

static bool came_back(int wait_ms)
{
	struct pollfd p = {.fd = helper.tap, .events = POLLIN};
	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	back.n = (size_t)recv(helper.tap, back.b, sizeof back.b, 0);
	return true;
}

static void put(void)
{
	assert_int_equal(send(helper.tap, f.b, f.n, 0), f.n);
}

static void ask_for_hardware_address(const char *of)
{
	static const uint8_t request[] = {0, 1, 8, 0, 6, 4, 0, 1, 0x02, 1, 2, 3, 4, 5};
	frame_start(&f, 0x0806);
	memcpy(f.b + 14, request, sizeof request);
	inet_pton(AF_INET, NET_GUEST4, f.b + 28);
	inet_pton(AF_INET, of, f.b + 38);
	f.n = 42;
}

static void the_gateway_and_the_name_server_are_there(void **state)
{
	(void)state;
	static const char *const addrs[] = {NET_HOST4, NET_DNS4};
	start(NULL);
	assert_ready();
	give_tap();
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		ask_for_hardware_address(addrs[i]);
		put();
		assert_true(came_back(WAIT_MS));
		assert_int_equal(rd16(back.b + 20), 2);
		assert_memory_equal(back.b + 28, f.b + 38, 4);
	}
	assert_int_equal(end(), 0);
}

static void nobody_hands_out_addresses_or_files(void **state)
{
	(void)state;
	static const struct {
		const char *dst;
		unsigned port;
	} services[] = {{"255.255.255.255", 67}, {NET_HOST4, 67}, {NET_HOST4, 69}};
	start(NULL);
	assert_ready();
	give_tap();
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		frame_ip4(&f, services[i].dst, IPPROTO_UDP, 0, 8 + 300);
		put_udp(&f, L4_AT, services[i].port, 300);
		memcpy(f.b + L4_AT + 8, services[i].port == 69 ? "\0\1x\0octet" : "\1\1\6\0", 4);
		put();
		while (came_back(SILENCE_MS))
			assert_int_not_equal(back.b[IP4_AT + 9], IPPROTO_UDP);
	}
	frame_start(&f, 0x88f8); /* NC-SI */
	f.n = 64;
	put();
	assert_false(came_back(SILENCE_MS));
	assert_int_equal(end(), 0);
}

static void it_has_no_rights_and_gets_none(void **state)
{
	(void)state;
	static const struct {
		const char *field, *want;
	} fields[] = {{"NoNewPrivs", "1"}, {"Seccomp", "2"}, {"CapInh", "0000000000000000"},
		{"CapPrm", "0000000000000000"}, {"CapEff", "0000000000000000"}, {"CapBnd", "0000000000000000"},
		{"CapAmb", "0000000000000000"}};
	start(NULL);
	assert_ready();
	const pid_t pids[] = {helper.pid, helper.inner};
	for (size_t i = 0; i < ARRAY_SIZE(pids) * ARRAY_SIZE(fields); i++) {
		_cleanup_free_ char *got = status_of(pids[i % 2], fields[i / 2].field);
		assert_string_equal(got, fields[i / 2].want);
	}
	assert_int_equal(end(), 0);
}

static void another_process_of_the_user_cannot_look_into_it(void **state)
{
	(void)state;
	static const char *const files[] = {"mem", "environ", "maps", "fd/0", "root/dns"};
	start(NULL);
	assert_ready();
	const pid_t pids[] = {helper.pid, helper.inner};
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_int_equal(ptrace(PTRACE_SEIZE, pids[i], NULL, NULL), -1);
		assert_int_equal(errno, EPERM);
		for (size_t k = 0; k < ARRAY_SIZE(files); k++) {
			_cleanup_free_ char *path = xasprintf("/proc/%d/%s", (int)pids[i], files[k]);
			assert_int_equal(open(path, O_RDONLY | O_CLOEXEC), -1);
			assert_int_equal(errno, EACCES);
		}
	}
	assert_int_equal(end(), 0);
}

static void write_text(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* become_owner - of a user namespace: what is started there this process may look into, as root of it. */
static void become_owner(void)
{
	_cleanup_free_ char *uid_map = xasprintf("0 %u 1", (unsigned)geteuid());
	_cleanup_free_ char *gid_map = xasprintf("0 %u 1", (unsigned)getegid());
	assert_int_equal(unshare(CLONE_NEWUSER), 0);
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", uid_map);
	write_text("/proc/self/gid_map", gid_map);
}

static void assert_namespaces(void)
{
	static const struct {
		const char *name;
		bool own;
	} all[] = {{"user", true}, {"mnt", true}, {"pid", true}, {"ipc", true}, {"uts", true}, {"cgroup", true},
		{"net", false}};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char mine[64] = "", its[64] = "";
		_cleanup_free_ char *path = xasprintf("/proc/%d/ns/%s", (int)helper.inner, all[i].name);
		_cleanup_free_ char *self = xasprintf("/proc/self/ns/%s", all[i].name);
		assert_true(readlink(path, its, sizeof its - 1) > 0);
		assert_true(readlink(self, mine, sizeof mine - 1) > 0);
		if ((strcmp(mine, its) != 0) != all[i].own)
			fail_msg("%s: %s beside %s", all[i].name, its, mine);
	}
}

static void assert_root_is_empty(void)
{
	_cleanup_free_ char *root = xasprintf("/proc/%d/root/.", (int)helper.inner);
	_cleanup_free_ char *new = xasprintf("%s/new", root);
	_cleanup_dir_ DIR *dir = opendir(root);
	const struct dirent *entry;
	unsigned n = 0;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		n++;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			assert_string_equal(entry->d_name, "dns");
	}
	assert_int_equal(n, 3);
	assert_int_equal(open(new, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), -1);
	assert_int_equal(errno, EROFS);
}

/* assert_descriptors - three of /dev/null, and sockets: to the launcher and for the name server. */
static void assert_descriptors(pid_t pid, unsigned n_null, unsigned n_sockets)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/fd", (int)pid);
	_cleanup_dir_ DIR *dir = opendir(path);
	const struct dirent *entry;
	unsigned nulls = 0, sockets = 0, others = 0;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		struct stat st;
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(fstatat(dirfd(dir), entry->d_name, &st, 0), 0);
		if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
			nulls++;
		else if (S_ISSOCK(st.st_mode))
			sockets++;
		else
			others++;
	}
	assert_int_equal(nulls, n_null);
	assert_int_equal(sockets, n_sockets);
	assert_int_equal(others, 0);
}

/* The last test: this process is another one's after it. */
static void it_sees_no_file_no_process_and_holds_what_it_needs(void **state)
{
	(void)state;
	become_owner();
	start(NULL);
	assert_ready();
	assert_namespaces();
	assert_root_is_empty();
	assert_descriptors(helper.inner, 3, 2);
	assert_descriptors(helper.pid, 0, 0);
	assert_int_equal(end(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_ready_and_ends_with_its_launcher),
		cmocka_unit_test(killed_it_leaves_nothing),
		cmocka_unit_test(a_record_that_is_none_ends_it),
		cmocka_unit_test(a_port_that_is_taken_is_named),
		cmocka_unit_test(a_word_that_is_none_is_told_to_the_launcher),
		cmocka_unit_test(the_gateway_and_the_name_server_are_there),
		cmocka_unit_test(nobody_hands_out_addresses_or_files),
		cmocka_unit_test(it_has_no_rights_and_gets_none),
		cmocka_unit_test(another_process_of_the_user_cannot_look_into_it),
		cmocka_unit_test(it_sees_no_file_no_process_and_holds_what_it_needs),
	};
	return cmocka_run_group_tests_name("sbx-net", tests, find_helper, free_helper);
}
