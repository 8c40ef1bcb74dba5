/* SPDX-License-Identifier: Apache-2.0 */

/* Capabilities, limits by name, Landlock. */

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/policy.h"
#include "sbx/str.h"

/* in_child - run @body in a child; it returns the number of its line that went wrong, or 0. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

#define HOLDS(x)                                   \
	do {                                       \
		if (!(x))                          \
			return __LINE__ % 255 + 1; \
	} while (0)

static void capabilities_have_names_both_ways(void **state)
{
	int cap;

	(void)state;
	for (int i = 0; i <= CAP_LAST_CAP && i <= CAP_CHECKPOINT_RESTORE; i++) {
		assert_int_equal(cap_parse(cap_name(i), &cap), 0);
		assert_int_equal(cap, i);
	}
	assert_int_equal(cap_parse("CAP_NET_RAW", &cap), 0);
	assert_int_equal(cap, CAP_NET_RAW);
	assert_int_equal(cap_parse("net_raw", &cap), 0);
	assert_int_equal(cap, CAP_NET_RAW);
	static const char *const bad[] = {"", "CAP_", "NET", "13", "CAP_CAP_CHOWN", "all", " CHOWN"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cap_parse(bad[i], &cap), -EINVAL);
	assert_string_equal(cap_name(-1), "?");
	assert_string_equal(cap_name(64), "?");
}

static void a_mask_reads_as_names(void **state)
{
	(void)state;
	_cleanup_free_ char *none = caps_text(0), *two = caps_text(1u << CAP_CHOWN | 1u << CAP_KILL);
	_cleanup_free_ char *young = caps_text(UINT64_C(1) << 63), *usual = caps_text(caps_default_subuid());
	assert_string_equal(none, "none");
	assert_string_equal(two, "CHOWN KILL");
	assert_string_equal(young, "63");
	assert_string_equal(usual,
		"CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP");
}

static void all_is_what_the_kernel_knows(void **state)
{
	char text[32] = "";
	_cleanup_close_ int fd = open("/proc/sys/kernel/cap_last_cap", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	int last = atoi(text);
	assert_int_equal(caps_all(), (UINT64_C(1) << (last + 1)) - 1);
}

static int drop_and_look(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	struct sbx_err err;
	uint64_t keep = 1u << CAP_CHOWN | 1u << CAP_KILL | 1u << CAP_SETPCAP;

	HOLDS(geteuid() == 0 || unshare(CLONE_NEWUSER) == 0);
	HOLDS(caps_drop_bounding(keep, &err) == 0);
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		HOLDS(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == (int)(keep >> cap & 1));
	HOLDS(caps_set(1u << CAP_CHOWN, &err) == 0);
	HOLDS(syscall(SYS_capget, &header, data) == 0);
	HOLDS(data[0].permitted == 1u << CAP_CHOWN && data[0].effective == 1u << CAP_CHOWN);
	HOLDS(data[0].inheritable == 0 && data[1].permitted == 0 && data[1].effective == 0 && data[1].inheritable == 0);
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		HOLDS(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 0);
	/* Gone is gone: neither set grows again, and the message says what could not be done. */
	HOLDS(caps_set(1u << CAP_KILL, &err) == -EPERM);
	HOLDS(caps_drop_bounding(keep, &err) == 0); /* nothing left to drop */
	HOLDS(caps_drop_bounding(0, &err) == -EPERM);
	HOLDS(strstr(err.msg, "CHOWN"));
	return 0;
}

static void dropped_capabilities_are_gone_from_all_sets(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_and_look), 0);
}

static void limits_have_names_both_ways(void **state)
{
	int resource;

	(void)state;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		assert_int_equal(rlimit_parse_name(rlimit_name(i), &resource), 0);
		assert_int_equal(resource, i);
	}
	assert_int_equal(rlimit_parse_name("nofile", &resource), 0);
	assert_int_equal(resource, RLIMIT_NOFILE);
	assert_int_equal(rlimit_parse_name("RLIMIT_NOFILE", &resource), -EINVAL);
	assert_int_equal(rlimit_parse_name("", &resource), -EINVAL);
	assert_string_equal(rlimit_name(RLIM_NLIMITS), "?");
}

static char dir[] = "/tmp/sbx-test-landlock-XXXXXX";

static int set_up_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("ro", 0700) < 0 || mkdir("rw", 0700) < 0 || mkdir("no", 0700) < 0)
		return -1;
	static const char *const files[] = {"ro/f", "rw/f", "no/f"};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_close_ int fd = open(files[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
		if (fd < 0)
			return -1;
	}
	return 0;
}

static int tear_down_dir(void **state)
{
	(void)state;
	return chdir("/") < 0 ? -1 : tree_remove(AT_FDCWD, dir, NULL);
}

static int confined(void)
{
	struct sbx_err err;
	int ro = open("ro", O_PATH | O_CLOEXEC), rw = open("rw", O_PATH | O_CLOEXEC),
	    file = open("no/f", O_PATH | O_CLOEXEC);

	HOLDS(ro >= 0 && rw >= 0 && file >= 0);
	HOLDS(landlock_confine_to((int[]){ro, file}, 2, &rw, 1, &err) == 0);
	HOLDS(open("ro/f", O_RDONLY | O_CLOEXEC) >= 0);
	HOLDS(open("no/f", O_RDONLY | O_CLOEXEC) >= 0); /* a file by itself */
	HOLDS(open("ro/f", O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	HOLDS(open("no/f", O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	HOLDS(open("no", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	HOLDS(open("ro/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && errno == EACCES);
	HOLDS(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	HOLDS(open("rw/new", O_RDWR | O_CREAT | O_CLOEXEC, 0600) >= 0);
	HOLDS(mkdir("rw/d", 0700) == 0 && rename("rw/new", "rw/d/new") == 0 && symlink("x", "rw/l") == 0);
	HOLDS(unlink("rw/l") == 0 && truncate("rw/d/new", 5) == 0);
	execl("rw/f", "rw/f", (char *)NULL);
	HOLDS(errno == EACCES);
	HOLDS(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

static void a_confined_helper_sees_what_it_was_given(void **state)
{
	(void)state;
	if (landlock_abi() == 0)
		skip();
	assert_int_equal(in_child(confined), 0);
}

static int abstract_connect(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t len =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			    (size_t)snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "sbx-test-%d", getppid()) +
			    1);
	struct sbx_err err;
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), status;

	HOLDS(bind(server, (struct sockaddr *)&name, len) == 0 && listen(server, 4) == 0);
	pid_t pid = fork();
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* one on either side */
	if (pid == 0) {
		HOLDS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
		HOLDS(landlock_scope_abstract(&err) == 0);
		HOLDS(connect(client, (struct sockaddr *)&name, len) < 0 && errno == EPERM);
		HOLDS(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
		_exit(0);
	}
	HOLDS(connect(client, (struct sockaddr *)&name, len) == 0);
	HOLDS(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void an_abstract_socket_outside_is_out_of_reach(void **state)
{
	struct sbx_err err;

	(void)state;
	if (landlock_abi() < 6) {
		assert_int_equal(landlock_scope_abstract(&err), -EOPNOTSUPP);
		assert_non_null(strstr(err.msg, "that needs 6"));
		return;
	}
	assert_int_equal(in_child(abstract_connect), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_have_names_both_ways),
		cmocka_unit_test(a_mask_reads_as_names),
		cmocka_unit_test(all_is_what_the_kernel_knows),
		cmocka_unit_test(dropped_capabilities_are_gone_from_all_sets),
		cmocka_unit_test(limits_have_names_both_ways),
		cmocka_unit_test_setup_teardown(a_confined_helper_sees_what_it_was_given, set_up_dir, tear_down_dir),
		cmocka_unit_test(an_abstract_socket_outside_is_out_of_reach),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
