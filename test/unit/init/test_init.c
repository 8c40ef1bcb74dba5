/* SPDX-License-Identifier: Apache-2.0 */

/* sbx-init as a program: started like the runtime starts it, looked at from outside. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

#define OUTPUT_MAX 65536

static char *init_path;

static int find_init(void **state)
{
	const char *build = getenv("SBX_BUILDDIR");

	(void)state;
	init_path = xasprintf("%s/sbx-init", build ? build : ".");
	return access(init_path, X_OK);
}

static int free_init(void **state)
{
	(void)state;
	free(init_path);
	return 0;
}

/* start - sbx-init with @argv (NULL-terminated, without its own name), both outputs to *ret_out. */
static pid_t start(const char *const *argv, int *ret_out)
{
	int out[2];
	const char *words[16] = {"sbx-init"};

	for (size_t i = 0; argv[i]; i++)
		words[i + 1] = argv[i];
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signals_reset();
		dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		execv(init_path, (char *const *)words);
		_exit(99);
	}
	close(out[1]);
	*ret_out = out[0];
	return pid;
}

static int end(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* run - start, read all that is said, and the exit status. */
static int run(const char *const *argv, char **ret_said)
{
	int out;
	size_t n;
	pid_t pid = start(argv, &out);

	assert_int_equal(read_all(out, OUTPUT_MAX, ret_said, &n, NULL), 0);
	close(out);
	return end(pid);
}

static int run_shell(const char *script, char **ret_said)
{
	return run((const char *const[]){"sh", "-c", script, NULL}, ret_said);
}

static void the_exit_status_is_the_programs(void **state)
{
	static const struct {
		const char *script;
		int status;
	} cases[] = {{"exit 0", 0}, {"exit 7", 7}, {"exit 255", 255}, {"kill -TERM $$", 128 + SIGTERM},
		{"kill -KILL $$", 128 + SIGKILL}, {"kill -SEGV $$", 128 + SIGSEGV}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *said = NULL;
		assert_int_equal(run_shell(cases[i].script, &said), cases[i].status);
		assert_string_equal(said, "");
	}
}

static void a_missing_command_is_127_in_words(void **state)
{
	_cleanup_free_ char *name = NULL, *path = NULL;

	(void)state;
	assert_int_equal(run((const char *const[]){"no-such-command", NULL}, &name), 127);
	assert_string_equal(name, "sbx: execute no-such-command: no such command in the sandbox's PATH\n");
	assert_int_equal(run((const char *const[]){"/no/such", NULL}, &path), 127);
	assert_string_equal(path, "sbx: execute /no/such: there is no such file in the sandbox\n");
}

static void a_command_that_cannot_be_executed_is_126_in_words(void **state)
{
	_cleanup_free_ char *said = NULL, *text = NULL;
	char script[] = "/tmp/sbx-test-init-XXXXXX";
	int fd = mkostemp(script, O_CLOEXEC);

	(void)state;
	assert_int_equal(run((const char *const[]){"/etc/passwd", NULL}, &said), 126);
	assert_non_null(strstr(said, "sbx: execute /etc/passwd: it is not executable"));
	/* No #! line: a shell would run it, and nobody asked for a shell. */
	assert_int_equal(write_all(fd, "echo shell\n", 11), 0);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	int status = run((const char *const[]){script, NULL}, &text);
	unlink(script);
	assert_int_equal(status, 126);
	assert_non_null(strstr(text, "neither a program for this machine nor a script"));
}

static void without_a_program_it_says_how(void **state)
{
	_cleanup_free_ char *said = NULL;

	(void)state;
	assert_int_equal(run((const char *const[]){NULL}, &said), 125);
	assert_string_equal(said, "sbx: sbx-init: usage: sbx-init PROGRAM [ARGUMENT...]\n");
}

static void every_signal_goes_to_the_program(void **state)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGALRM,
		SIGTSTP, SIGURG, SIGPIPE};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		_cleanup_free_ char *script =
			xasprintf("trap 'exit 42' %d; echo ready; while :; do sleep 0.05; done", signals[i]);
		int out;
		char byte;
		pid_t pid = start((const char *const[]){"sh", "-c", script, NULL}, &out);
		assert_int_equal(read(out, &byte, 1), 1);
		assert_int_equal(kill(pid, signals[i]), 0);
		assert_int_equal(end(pid), 42);
		close(out);
	}
}

static void the_program_starts_with_no_signal_blocked(void **state)
{
	_cleanup_free_ char *said = NULL;

	(void)state;
	assert_int_equal(run_shell("grep SigBlk /proc/self/status", &said), 0);
	assert_string_equal(said, "SigBlk:\t0000000000000000\n");
}

static void orphans_are_reaped_as_process_1(void **state)
{
	/* In a PID namespace of its own: the first process there is sbx-init, which the orphan falls to.  A zombie
	 * would be in the list of children. */
	static const char script[] = "(sh -c 'sleep 0.1' &); sleep 0.4; for p in /proc/[0-9]*; do "
				     "grep -s -h ^State: $p/status; done | grep -c Z";
	_cleanup_free_ char *said = NULL;

	(void)state;
	int out[2];
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(out[1], 1);
		execlp("unshare", "unshare", "-Urpf", "--mount-proc", init_path, "sh", "-c", script, (char *)NULL);
		_exit(99);
	}
	close(out[1]);
	size_t n;
	assert_int_equal(read_all(out[0], OUTPUT_MAX, &said, &n, NULL), 0);
	close(out[0]);
	assert_int_equal(end(pid), 1); /* grep -c of nothing */
	assert_string_equal(said, "0\n");
}

static void what_is_left_ends_with_the_program(void **state)
{
	struct pollfd wait;
	int out[2];

	(void)state;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(out[1], 1);
		execlp("unshare", "unshare", "-Urpf", "--mount-proc", init_path, "sh", "-c",
			"setsid sleep 1000 & exit 3", (char *)NULL);
		_exit(99);
	}
	close(out[1]);
	assert_int_equal(end(pid), 3);
	/* The sleep held the pipe: its end is the sleep's. */
	wait = (struct pollfd){.fd = out[0], .events = POLLIN};
	assert_int_equal(poll(&wait, 1, 2000), 1);
	assert_true(wait.revents & POLLHUP);
	close(out[0]);
}

static void on_a_terminal_the_program_is_in_the_foreground(void **state)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64], said[512] = "";

	(void)state;
	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	assert_int_equal(ptsname_r(terminal, name, sizeof name), 0);
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		int fd = open(name, O_RDWR); /* becomes the controlling terminal */
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		/* Fields 5 and 8 of stat: the process group, and the terminal's foreground group. */
		execl(init_path, "sbx-init", "sh", "-c",
			"read -r a b c d group e f fore rest </proc/self/stat; [ $group = $fore ] && [ $group = $$ ]; "
			"echo end $?",
			(char *)NULL);
		_exit(99);
	}
	assert_int_equal(end(pid), 0);
	ssize_t n = read(terminal, said, sizeof said - 1);
	close(terminal);
	assert_true(n > 0);
	assert_string_equal(said, "end 0\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exit_status_is_the_programs),
		cmocka_unit_test(a_missing_command_is_127_in_words),
		cmocka_unit_test(a_command_that_cannot_be_executed_is_126_in_words),
		cmocka_unit_test(without_a_program_it_says_how),
		cmocka_unit_test(every_signal_goes_to_the_program),
		cmocka_unit_test(the_program_starts_with_no_signal_blocked),
		cmocka_unit_test(orphans_are_reaped_as_process_1),
		cmocka_unit_test(what_is_left_ends_with_the_program),
		cmocka_unit_test(on_a_terminal_the_program_is_in_the_foreground),
	};
	return cmocka_run_group_tests(tests, find_init, free_init);
}
