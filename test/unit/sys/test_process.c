/* SPDX-License-Identifier: Apache-2.0 */

/* Processes: what a helper starts with, how its end is told, and descriptors of processes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

/* output_of - what `sh -c SCRIPT` prints as a helper with descriptors @keep.  New. */
static char *output_of(const char *script, const int *keep, size_t n_keep)
{
	const char *const argv[] = {"/bin/sh", "-c", script, "two words", "", "last", NULL};
	struct sbx_err err = {0};
	char *text = NULL;
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	for (int i = 0; i < 2; i++) { /* above the standard ones, also where one of those is closed */
		int high = fcntl(p[i], F_DUPFD_CLOEXEC, 60);
		close(p[i]);
		p[i] = high;
	}
	pid_t pid = helper_spawn(argv, p[1], keep, n_keep, NULL, &err);
	if (pid < 0)
		fail_msg("%s", err.msg);
	close(p[1]);
	assert_int_equal(read_all(p[0], 1 << 20, &text, NULL, NULL), 0);
	close(p[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return text;
}

static void a_helper_gets_its_arguments_as_they_are(void **state)
{
	(void)state;
	_cleanup_free_ char *out = output_of("printf '[%s]' \"$0\" \"$@\"", NULL, 0);
	assert_string_equal(out, "[two words][][last]");
}

static void a_helper_has_no_descriptor_but_the_standard_ones_and_the_kept(void **state)
{
	const int keep[] = {9, 100};

	(void)state;
	for (int fd = 5; fd < 12; fd++)
		dup2(1, fd);
	dup3(1, 100, O_CLOEXEC);
	/* sh itself holds none; its glob is made by a process that closes the directory again. */
	_cleanup_free_ char *out = output_of(
		"for f in 0 1 2 3 4 5 6 7 8 9 10 11 99 100 101; do [ -e /proc/$$/fd/$f ] && echo $f; done; :", keep, 2);
	assert_string_equal(out, "0\n1\n2\n9\n100\n");
	for (int fd = 5; fd < 12; fd++)
		close(fd);
	close(100);
}

static void a_helper_reads_nothing_also_where_its_parent_has_no_standard_input(void **state)
{
	(void)state;
	int saved = fcntl(0, F_DUPFD_CLOEXEC, 50);
	assert_true(saved >= 0);
	_cleanup_free_ char *open_out = output_of("readlink /proc/$$/fd/0", NULL, 0);
	close(0);
	_cleanup_free_ char *closed_out = output_of("readlink /proc/$$/fd/0", NULL, 0);
	dup2(saved, 0);
	close(saved);
	assert_string_equal(open_out, "/dev/null\n");
	assert_string_equal(closed_out, "/dev/null\n");
}

static void a_helper_has_default_signals_and_none_blocked(void **state)
{
	sigset_t all, before;

	(void)state;
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGCHLD)
			signal(sig, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	_cleanup_free_ char *out = output_of("exec sed -n '/^Sig[BIC]/p' /proc/self/status", NULL, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		signal(sig, SIG_DFL);
	assert_string_equal(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n");
}

static void a_helper_sees_few_variables(void **state)
{
	static const char *const set[] = {
		"LD_PRELOAD_X", "SECRET", "LANGUAGE", "HOMEX", "XDG_X", "SBX_X", "LC_X", "NO_COLOR"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		setenv(set[i], "1", 1);
	_cleanup_free_ char *out = output_of("exec env", NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(set); i++) {
		_cleanup_free_ char *line = xasprintf("%s=1\n", set[i]);
		assert_int_equal(strstr(out, line) != NULL, i >= 4);
		unsetenv(set[i]);
	}
}

static void a_helper_ends_with_the_thread_that_started_it(void **state)
{
	int p[2], status;
	char byte;

	(void)state;
	assert_int_equal(pipe2(p, 0), 0);
	pid_t pid = fork();
	if (pid == 0) {
		const char *const argv[] = {"/bin/sleep", "60", NULL};
		_exit(helper_spawn(argv, -1, &p[1], 1, NULL, NULL) < 0);
	}
	close(p[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	struct pollfd end = {.fd = p[0], .events = POLLIN};
	assert_int_equal(poll(&end, 1, 20000), 1);
	assert_int_equal(read(p[0], &byte, 1), 0); /* the last holder of the other end is gone */
	close(p[0]);
}

static void how_a_helper_failed_is_said_in_its_words_or_in_ours(void **state)
{
	static const struct {
		const char *script, *message;
	} failed[] = {
		{"echo one; echo two; exit 3", "sh: one"},
		{"echo sh: it is so >&2; exit 1", "sh: it is so"},
		{"printf '\\033[31mred'; exit 1", "sh: \\x1b[31mred"},
		{"exit 7", "sh failed with status 7 and no message"},
		{"kill -9 $$", "sh was ended by signal 9"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(failed); i++) {
		const char *const argv[] = {"/bin/sh", "-c", failed[i].script, NULL};
		struct sbx_err err = {0};
		assert_int_equal(helper_run(argv, &err), -EIO);
		assert_string_equal(err.msg, failed[i].message);
	}
	/* More than a pipe holds is read to its end, so that the helper is not stuck. */
	const char *const loud[] = {"/bin/sh", "-c", "head -c 300000 /dev/zero", NULL};
	assert_int_equal(helper_run(loud, NULL), 0);
}

static void a_helper_that_is_not_there_is_known_at_once(void **state)
{
	const char *const argv[] = {"/no/such/helper", NULL};
	struct sbx_err err = {0};
	int pidfd = -1;

	(void)state;
	assert_int_equal(helper_spawn(argv, -1, NULL, 0, &pidfd, &err), -ENOENT);
	assert_string_equal(err.msg, "start /no/such/helper: No such file or directory");
	assert_int_equal(pidfd, -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left to be waited for */
}

static void helpers_are_found_in_fixed_places_alone(void **state)
{
	(void)state;
	setenv("PATH", "/nowhere", 1);
	_cleanup_free_ char *sh = helper_find("sh"), *none = helper_find("sbx-no-such"),
			    *up = helper_find("../etc/passwd");
	assert_non_null(sh);
	assert_true(sh[0] == '/' && str_ends(sh, "/sh"));
	assert_null(none);
	assert_null(up); /* not executable */
	setenv("PATH", "/usr/bin:/bin", 1);
}

static void a_clone_is_a_fork_with_a_descriptor(void **state)
{
	int pidfd = -1, status;

	(void)state;
	pid_t parent = getpid(), pid = proc_clone(0, -1, &pidfd);
	if (pid == 0)
		_exit(getppid() == parent && getpid() != parent ? 42 : 1);
	assert_true(pid > 0 && pidfd >= 0);
	assert_int_equal(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(pidfd_wait(pidfd, &status), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	assert_int_equal(pidfd_wait(pidfd, &status), -ECHILD);
	close(pidfd);
	assert_int_equal(proc_clone(0, 1 << 20, NULL), -EBADF);
}

static void a_pidfd_signals_its_process_and_tells_how_that_ended(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	_cleanup_close_ int pidfd = sys_pidfd_open(pid);
	assert_true(pidfd >= 0);
	assert_int_equal(sys_pidfd_send_signal(pidfd, 0), 0);
	assert_int_equal(sys_pidfd_send_signal(pidfd, 1000), -EINVAL);
	assert_int_equal(sys_pidfd_send_signal(pidfd, SIGTERM), 0);
	assert_int_equal(pidfd_wait(pidfd, &status), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(sys_pidfd_send_signal(pidfd, 0), -ESRCH);
	assert_int_equal(sys_pidfd_open(pid), -ESRCH);
	assert_int_equal(sys_pidfd_open(-1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_helper_gets_its_arguments_as_they_are),
		cmocka_unit_test(a_helper_has_no_descriptor_but_the_standard_ones_and_the_kept),
		cmocka_unit_test(a_helper_reads_nothing_also_where_its_parent_has_no_standard_input),
		cmocka_unit_test(a_helper_has_default_signals_and_none_blocked),
		cmocka_unit_test(a_helper_sees_few_variables),
		cmocka_unit_test(a_helper_ends_with_the_thread_that_started_it),
		cmocka_unit_test(how_a_helper_failed_is_said_in_its_words_or_in_ours),
		cmocka_unit_test(a_helper_that_is_not_there_is_known_at_once),
		cmocka_unit_test(helpers_are_found_in_fixed_places_alone),
		cmocka_unit_test(a_clone_is_a_fork_with_a_descriptor),
		cmocka_unit_test(a_pidfd_signals_its_process_and_tells_how_that_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
