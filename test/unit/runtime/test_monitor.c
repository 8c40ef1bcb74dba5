/* SPDX-License-Identifier: Apache-2.0 */

/* The launcher's loop and its terminal, over an ordinary child that stands for a sandbox.  Each case runs in a process
 * of its own, since signals and the standard descriptors are the process's. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/log.h"
#include "sbx/spawn.h"
#include "src/runtime/monitor.h"

#define FAILED 99 /* of a case; what the loop returns is below that or above 128 */

/* A sandbox for the loop: @sandbox is the child, @helper (NULL: one that sleeps) the guard. */
struct scene {
	void (*sandbox)(void);
	void (*helper)(void);
	unsigned runtime_max_ms, stop_timeout_ms; /* 0: no limit */
	int signal;                               /* sent to the launcher once the child runs; 0 none */
	bool ignored;                             /* the launcher was started with it ignored */
};

static void sleep_on(void)
{
	for (;;)
		pause();
}

static pid_t start(void (*work)(void), int *ret_pidfd)
{
	pid_t pid = proc_clone(0, -1, ret_pidfd);

	if (pid == 0) {
		signals_reset();
		work();
		_exit(0);
	}
	return pid;
}

/* watch - monitor_run on @scene.  Returns the status it found, FAILED where it ended with an error. */
static int watch(const struct scene *scene)
{
	struct net_helper net = NET_HELPER_NONE;
	struct pty_relay relay = {.master_fd = -1, .tty_fd = -1};
	struct sandbox_spec *spec = spec_new();
	struct monitor m = {.spec = spec, .net = &net, .relay = &relay};
	struct sbx_err err = {0};
	sigset_t old;
	int status;

	spec->name = strdup("test");
	spec->process.stop_signal = SIGTERM;
	spec->process.runtime_max_ms = scene->runtime_max_ms;
	spec->process.stop_timeout_ms = scene->stop_timeout_ms;
	if (scene->ignored)
		signal(scene->signal, SIG_IGN);
	if (monitor_signals_block(&m.signal_fd, &old, &err) < 0)
		return FAILED;
	pid_t guard = start(scene->helper ? scene->helper : sleep_on, &m.guard_pidfd);
	m.pid = start(scene->sandbox, &m.pidfd);
	if (scene->signal) {
		usleep(100000); /* what the child does with signals is set */
		kill(getpid(), scene->signal);
	}
	int r = monitor_run(&m, &status, &err);
	cleanup_pid(&guard);
	if (r < 0)
		cleanup_pid(&m.pid);
	spec_free(spec);
	return r < 0 ? FAILED : status;
}

static int outcome(const struct scene *scene)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(watch(scene));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void exit_7(void)
{
	_exit(7);
}

static void die_of_segv(void)
{
	raise(SIGSEGV);
}

static void on_term(int sig)
{
	(void)sig;
	_exit(3);
}

static void handle_term(void)
{
	signal(SIGTERM, on_term);
	sleep_on();
}

static void ignore_term(void)
{
	signal(SIGTERM, SIG_IGN);
	sleep_on();
}

static void the_program_s_status_is_the_result(void **state)
{
	(void)state;
	assert_int_equal(outcome(&(struct scene){.sandbox = exit_7}), 7);
	assert_int_equal(outcome(&(struct scene){.sandbox = die_of_segv}), 128 + SIGSEGV);
}

static void a_signal_that_the_first_process_does_not_heed_ends_it_as_that_signal(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		assert_int_equal(outcome(&(struct scene){.sandbox = sleep_on, .signal = signals[i]}), 128 + signals[i]);
}

static void a_signal_that_it_handles_reaches_it(void **state)
{
	(void)state;
	assert_int_equal(outcome(&(struct scene){.sandbox = handle_term, .signal = SIGTERM}), 3);
}

static void exit_7_later(void)
{
	usleep(400000);
	_exit(7);
}

/* nohup(1), and SIGINT and SIGQUIT for what a script starts in the background. */
static void a_signal_that_the_caller_ignores_is_not_passed_on(void **state)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		assert_int_equal(
			outcome(&(struct scene){.sandbox = exit_7_later, .signal = signals[i], .ignored = true}), 7);
}

static void when_its_time_is_up_it_is_stopped_and_then_killed(void **state)
{
	(void)state;
	assert_int_equal(
		outcome(&(struct scene){.sandbox = handle_term, .runtime_max_ms = 300, .stop_timeout_ms = 60000}), 3);
	assert_int_equal(outcome(&(struct scene){.sandbox = ignore_term, .runtime_max_ms = 300, .stop_timeout_ms = 50}),
		128 + SIGKILL);
	assert_int_equal(outcome(&(struct scene){.sandbox = sleep_on, .runtime_max_ms = 100, .stop_timeout_ms = 60000}),
		128 + SIGTERM);
}

static void a_guard_that_dies_ends_the_loop(void **state)
{
	(void)state;
	assert_int_equal(outcome(&(struct scene){.sandbox = sleep_on, .helper = exit_7}), FAILED);
}

/* --- the terminal --- */

struct terminal {
	int master, slave, in[2], out[2];
	struct pty_relay relay;
};

/* terminal_take - in a child: standard input and output are pipes, the relay stands on a new pty. */
static bool terminal_take(struct terminal *t)
{
	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->master < 0 || unlockpt(t->master) < 0 || pipe2(t->in, O_CLOEXEC) < 0 || pipe2(t->out, O_CLOEXEC) < 0)
		return false;
	t->slave = ioctl(t->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios mode;
	if (t->slave < 0 || tcgetattr(t->slave, &mode) < 0)
		return false;
	mode.c_lflag &= ~(tcflag_t)ECHO;
	mode.c_oflag &= ~(tcflag_t)OPOST;
	if (tcsetattr(t->slave, TCSANOW, &mode) < 0 || dup2(t->in[0], 0) < 0 || dup2(t->out[1], 1) < 0)
		return false;
	close(t->in[0]);
	close(t->out[1]);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, 2); /* no terminal, whatever the test was started from */
	return pty_relay_start(&t->relay, t->master, NULL) == 0;
}

/* turn - let the relay move what it can, until nothing moves for a moment. */
static void turn(struct terminal *t)
{
	struct pollfd fds[4];
	size_t n;

	while ((n = pty_relay_poll(&t->relay, fds)) > 0 && poll(fds, n, 100) > 0)
		pty_relay_step(&t->relay, fds, n);
}

static int run_case(int (*work)(struct terminal *t))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		static struct terminal t;
		signal(SIGPIPE, SIG_IGN);
		alarm(30);
		_exit(terminal_take(&t) ? work(&t) : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int both_ways(struct terminal *t)
{
	char bytes[16];

	if (write(t->in[1], "keys\n", 5) != 5)
		return 2;
	turn(t);
	if (read(t->slave, bytes, sizeof(bytes)) != 5 || memcmp(bytes, "keys\n", 5) != 0)
		return 3;
	if (write(t->slave, "shown", 5) != 5)
		return 4;
	turn(t);
	return read(t->out[0], bytes, sizeof(bytes)) == 5 && memcmp(bytes, "shown", 5) == 0 ? 0 : 5;
}

static int end_of_input(struct terminal *t)
{
	char byte;

	close(t->in[1]);
	turn(t);
	return read(t->slave, &byte, 1) == 0 && t->relay.in_ended ? 0 : 2;
}

static int end_of_output(struct terminal *t)
{
	static char much[3000];

	close(t->out[0]);
	for (int i = 0; i < 100; i++) { /* more than a pty holds: it is read all the same */
		if (write(t->slave, much, sizeof(much)) != (ssize_t)sizeof(much))
			return 2;
		turn(t);
	}
	return t->relay.out_ended ? 0 : 3;
}

static int last_words(struct terminal *t)
{
	char bytes[16];

	if (write(t->slave, "last", 4) != 4)
		return 2;
	close(t->slave);
	pty_relay_end(&t->relay);
	if (read(t->out[0], bytes, sizeof(bytes)) != 4 || memcmp(bytes, "last", 4) != 0)
		return 3;
	struct pollfd fds[4];
	return t->relay.master_fd == -1 && pty_relay_poll(&t->relay, fds) == 0 ? 0 : 4;
}

/* slow_reader - with nobody reading our output the program is slowed, and no byte is lost. */
static int slow_reader(struct terminal *t)
{
	enum { N = 300000 };
	size_t got = 0;
	pid_t writer = fork();

	if (writer == 0) {
		for (int i = 0; i < N; i++) {
			char byte = (char)('a' + i % 26);
			if (write(t->slave, &byte, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(t->slave);
	fcntl(1, F_SETFL, O_NONBLOCK);
	while (got < N) {
		char bytes[5000];
		turn(t);
		ssize_t n = read(t->out[0], bytes, sizeof(bytes));
		if (n <= 0)
			return 2;
		for (ssize_t i = 0; i < n; i++)
			if (bytes[i] != (char)('a' + (got + (size_t)i) % 26))
				return 3;
		got += (size_t)n;
	}
	int status;
	return waitpid(writer, &status, 0) == writer && status == 0 ? 0 : 4;
}

static void bytes_go_both_ways(void **state)
{
	(void)state;
	assert_int_equal(run_case(both_ways), 0);
}

static void the_end_of_the_input_is_read_as_one(void **state)
{
	(void)state;
	assert_int_equal(run_case(end_of_input), 0);
}

static void output_that_nobody_reads_does_not_hold_the_program(void **state)
{
	(void)state;
	assert_int_equal(run_case(end_of_output), 0);
}

static void what_the_program_wrote_last_comes_out(void **state)
{
	(void)state;
	assert_int_equal(run_case(last_words), 0);
}

static void a_slow_reader_loses_no_byte(void **state)
{
	(void)state;
	assert_int_equal(run_case(slow_reader), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_s_status_is_the_result),
		cmocka_unit_test(a_signal_that_the_first_process_does_not_heed_ends_it_as_that_signal),
		cmocka_unit_test(a_signal_that_it_handles_reaches_it),
		cmocka_unit_test(a_signal_that_the_caller_ignores_is_not_passed_on),
		cmocka_unit_test(when_its_time_is_up_it_is_stopped_and_then_killed),
		cmocka_unit_test(a_guard_that_dies_ends_the_loop),
		cmocka_unit_test(bytes_go_both_ways),
		cmocka_unit_test(the_end_of_the_input_is_read_as_one),
		cmocka_unit_test(output_that_nobody_reads_does_not_hold_the_program),
		cmocka_unit_test(what_the_program_wrote_last_comes_out),
		cmocka_unit_test(a_slow_reader_loses_no_byte),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
