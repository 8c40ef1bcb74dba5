/* SPDX-License-Identifier: Apache-2.0 */

/* Run the system's helpers and our own other programs: absolute path, small environment, no stray descriptor. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

extern char **environ;

/* What a helper's environment may hold; a name that ends in '*' is a prefix. */
static const char *const env_passed[] = {"PATH", "HOME", "LANG", "LC_*", "XDG_*", "SBX_*", "TERM", "NO_COLOR"};

static bool env_matches(const char *assignment, const char *pattern)
{
	size_t n = strlen(pattern);
	if (pattern[n - 1] == '*')
		return strncmp(assignment, pattern, n - 1) == 0;
	return strncmp(assignment, pattern, n) == 0 && assignment[n] == '=';
}

/* helper_env - the entries of our environment that a helper gets.  Returns a new array of borrowed strings. */
static char **helper_env(void)
{
	size_t n = 0, used = 0;
	while (environ && environ[n])
		n++;
	char **env = xcalloc(n + 1, sizeof(*env));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(env_passed); k++)
			if (env_matches(environ[i], env_passed[k])) {
				env[used++] = environ[i];
				break;
			}
	return env;
}

struct spawn_order {
	const char *const *argv;
	char **env;
	int out_fd;
	const int *keep;
	size_t n_keep;
	int failed; /* negative errno, written by the child into the memory it shares until exec */
};

/* fd_put - @fd as @number, open after exec: dup2 of a descriptor onto itself leaves it close-on-exec. */
static int fd_put(int fd, int number)
{
	return fd == number ? fcntl(fd, F_SETFD, 0) : dup2(fd, number);
}

/* spawn_child - what happens between vfork and exec: system calls alone, nothing that allocates. */
static void spawn_child(struct spawn_order *order)
{
	signals_reset();
	/* No helper outlives who waits for it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
		order->failed = -errno;
		return;
	}
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || fd_put(null, 0) < 0 ||
		(order->out_fd >= 0 && (fd_put(order->out_fd, 1) < 0 || fd_put(order->out_fd, 2) < 0))) {
		order->failed = -errno;
		return;
	}
	for (size_t i = 0; i < order->n_keep; i++)
		if (fcntl(order->keep[i], F_SETFD, 0) < 0) {
			order->failed = -errno;
			return;
		}
	int r = fd_close_others(order->keep, order->n_keep, NULL);
	if (r < 0) {
		order->failed = r;
		return;
	}
	execve(order->argv[0], (char *const *)(uintptr_t)order->argv, order->env);
	order->failed = -errno;
}

/* spawn_vfork - vfork: the launcher's page tables need not be copied, and a failed exec is known when it returns. */
static __attribute__((noinline)) pid_t spawn_vfork(struct spawn_order *order)
{
	pid_t pid = vfork();
	if (pid == 0) {
		spawn_child(order);
		_exit(127);
	}
	return pid < 0 ? -errno : pid;
}

pid_t helper_spawn(
	const char *const *argv, int out_fd, const int *keep, size_t n_keep, int *ret_pidfd, struct sbx_err *err)
{
	_cleanup_free_ char **env = helper_env();
	struct spawn_order order = {
		.argv = argv, .env = env, .out_fd = out_fd, .keep = keep, .n_keep = n_keep, .failed = 0};
	pid_t pid = spawn_vfork(&order);
	if (pid < 0)
		return sbx_fail(err, pid, "start %s", argv[0]);
	if (order.failed < 0) {
		waitpid(pid, NULL, 0);
		return sbx_fail(err, order.failed, "start %s", argv[0]);
	}
	if (ret_pidfd) {
		int pidfd = sys_pidfd_open(pid);
		if (pidfd < 0) {
			cleanup_pid(&pid);
			return sbx_fail(err, pidfd, "pidfd_open of %s", argv[0]);
		}
		*ret_pidfd = pidfd;
	}
	return pid;
}

/* drain - read @fd to its end, keep the first bytes. */
static void drain(int fd, char *ret, size_t room)
{
	size_t len = 0;
	char rest[512];
	for (;;) {
		bool full = len + 1 >= room;
		ssize_t n = read(fd, full ? rest : ret + len, full ? sizeof(rest) : room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (!full)
			len += (size_t)n;
	}
	ret[len] = '\0';
}

int helper_finish(pid_t pid, int out_fd, const char *path, struct sbx_err *err)
{
	char text[512];
	drain(out_fd, text, sizeof(text));
	int status;
	pid_t done;
	do
		done = waitpid(pid, &status, 0);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return sbx_fail(err, -errno, "wait for %s", path);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	_cleanup_free_ char *shown = text_escape(text);
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	if (*shown)
		/* Most helpers begin their messages with their own name. */
		return str_starts(shown, name) ? sbx_fail_plain(err, -EIO, "%s", shown)
					       : sbx_fail_plain(err, -EIO, "%s: %s", name, shown);
	if (WIFSIGNALED(status))
		return sbx_fail_plain(err, -EIO, "%s was ended by signal %d", name, WTERMSIG(status));
	return sbx_fail_plain(err, -EIO, "%s failed with status %d and no message", name, WEXITSTATUS(status));
}

int helper_run(const char *const *argv, struct sbx_err *err)
{
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return sbx_fail(err, -errno, "pipe");
	_cleanup_close_ int out = pipe_fds[0];
	pid_t pid = helper_spawn(argv, pipe_fds[1], NULL, 0, NULL, err);
	close(pipe_fds[1]);
	if (pid < 0)
		return pid;
	return helper_finish(pid, out, argv[0], err);
}
