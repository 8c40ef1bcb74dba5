/* SPDX-License-Identifier: Apache-2.0 */

/* sbx-init: process 1 of a sandbox with RunInit=yes.  It starts the program, forwards every signal to it, reaps what is
 *left to it, and ends as the program ended; with it the kernel ends all that is left of the PID namespace.
 *
 *	sbx-init PROGRAM [ARGUMENT...]
 *
 * It runs inside: lock-down is done, the tree around it is the image's.  So it is static, opens nothing, reads nothing,
 *and stands on libc alone (no folder below it, no allocation, no stdio).  Exit status: the program's own, 128+N if
 *signal N ended it, 126 and 127 like the launcher's, 125 if sbx-init itself fails.  Source: pid_namespaces(7), init(1)
 *of others. */

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	EXIT_SELF = 125,
	EXIT_CANNOT_EXECUTE = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL = 128,
};

extern char **environ;

/* complain - one line "sbx: WHAT NAME: WHY" in one write, so that lines of others do not come between. */
static void complain(const char *what, const char *name, const char *why)
{
	const char *parts[] = {"sbx: ", what, name, ": ", why, "\n"};
	struct iovec line[sizeof parts / sizeof parts[0]];

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		line[i] = (struct iovec){(char *)(unsigned long)parts[i], strlen(parts[i])};
	if (writev(STDERR_FILENO, line, sizeof parts / sizeof parts[0]) < 0)
		return; /* nobody to tell */
}

static const char *error_text(int code)
{
	const char *text = strerrordesc_np(code); /* untranslated: no locale file of the image is read */
	return text ? text : "unknown error";
}

/* exec_status - say why @path could not be executed; returns the exit status for it. */
static int exec_status(const char *path, int code)
{
	struct stat st;

	if (code == ENOENT && stat(path, &st) == 0)
		complain("execute ", path, "the interpreter that it names is missing in the image");
	else if (code == ENOENT || code == ENOTDIR)
		complain("execute ", path, "there is no such file in the sandbox");
	else if (code == ENOEXEC)
		complain("execute ", path, "neither a program for this machine nor a script with a #! line");
	else if (code == EACCES)
		complain("execute ", path, "it is not executable, or a directory, or not on this user's way");
	else
		complain("execute ", path, error_text(code));
	return code == ENOENT || code == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

/* exec_search - execute argv[0], found in $PATH like execvp(3) finds it, but never handed to a shell.
 * Returns, on failure alone, the exit status. */
static int exec_search(char **argv)
{
	static char candidate[PATH_MAX], denied[PATH_MAX];
	const char *name = argv[0], *path = NULL;
	size_t name_len = strlen(name);

	if (strchr(name, '/')) {
		execve(name, argv, environ);
		return exec_status(name, errno);
	}
	for (char **e = environ; *e && !path; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			path = *e + 5;
	for (const char *p = path ? path : ""; *p; p += *p == ':') {
		size_t n = strcspn(p, ":");
		const char *dir = n > 0 ? p : ".";
		size_t dir_len = n > 0 ? n : 1;
		struct stat st;
		p += n;
		if (dir_len + 1 + name_len >= sizeof candidate)
			continue;
		memcpy(candidate, dir, dir_len);
		candidate[dir_len] = '/';
		memcpy(candidate + dir_len + 1, name, name_len + 1);
		if (stat(candidate, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		execve(candidate, argv, environ);
		if (errno != EACCES)
			return exec_status(candidate, errno);
		memcpy(denied, candidate, sizeof denied);
	}
	if (denied[0])
		return exec_status(denied, EACCES);
	complain("execute ", name, "no such command in the sandbox's PATH");
	return EXIT_NOT_FOUND;
}

static _Noreturn void program_start(char **argv, const sigset_t *mask)
{
	/* Job control needs the terminal to belong to the program's process group.  All signals are still blocked,
	 * SIGTTOU with them, so this cannot stop us; without a controlling terminal it fails, and nothing is lost. */
	if (isatty(STDIN_FILENO) && setpgid(0, 0) == 0)
		tcsetpgrp(STDIN_FILENO, getpid());
	sigprocmask(SIG_SETMASK, mask, NULL);
	_exit(exec_search(argv));
}

/* reap_all - collect every child that has ended; true and the exit status where @program is among them. */
static bool reap_all(pid_t program, int *ret_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != program)
			continue;
		ended = true;
		*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status);
	}
	return ended;
}

int main(int argc, char **argv)
{
	sigset_t all, before;
	int status = EXIT_SELF;

	if (argc < 2) {
		complain("", "sbx-init", "usage: sbx-init PROGRAM [ARGUMENT...]");
		return EXIT_SELF;
	}
	/* Blocked, signals wait for sigwaitinfo even here: the kernel drops for process 1 only those left to their
	 * default. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid_t program = fork();
	if (program == 0)
		program_start(argv + 1, &before);
	if (program < 0) {
		complain("start a process for ", argv[1], error_text(errno));
		return EXIT_SELF;
	}
	for (;;) {
		int sig = sigwaitinfo(&all, NULL);
		if (sig == SIGCHLD) {
			if (reap_all(program, &status))
				return status;
		} else if (sig > 0) {
			kill(program, sig); /* it ended a moment ago: SIGCHLD is on its way */
		}
	}
}
