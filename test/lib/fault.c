/* SPDX-License-Identifier: Apache-2.0 */
/* fault --record FILE COMMAND...         list the system calls of a command
 * fault "PROCESS CALL N" FAULT COMMAND... let one of them fail, or kill who makes it
 *
 * A line of FILE names a call: the process (0 is COMMAND, then as they are made), the call, and the how-manieth of its
 * kind it is there.  FAULT is an error's name, or KILL.  What a process does after it has executed another program is
 * left out.  Unlike strace's injection it can mean one process of several.
 *
 * Exit status: COMMAND's; or 98 the call never came; 99 processes were left 2 seconds after COMMAND's end (named on
 * standard error, and killed).  Source: ptrace(2). */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES_MAX = 64, CALLS_MAX = 512, EXIT_NO_CALL = 98, EXIT_LEFT = 99 };

struct process {
	pid_t pid;
	int number;   /* -1: its maker's event has not come yet */
	bool held;    /* waits for that */
	bool inside;  /* between entry and exit of a call */
	bool other;   /* has executed another program */
	bool failing; /* this call is to fail */
	unsigned count[CALLS_MAX];
};

static struct {
	struct process process[PROCESSES_MAX];
	int n, n_numbers;
	FILE *record;
	int at_process, at_call;
	unsigned at_count;
	int error; /* 0: kill */
	bool done;
} all;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
	exit(97);
}

static struct process *find(pid_t pid)
{
	for (int i = 0; i < all.n; i++)
		if (all.process[i].pid == pid)
			return &all.process[i];
	if (all.n == PROCESSES_MAX) {
		errno = EAGAIN;
		die("too many processes");
	}
	struct process *p = &all.process[all.n++];
	*p = (struct process){.pid = pid, .number = -1};
	return p;
}

static void forget(struct process *p)
{
	*p = all.process[--all.n];
}

/* call_skip - at the entry of a call: make it one that does not exist. */
static void call_skip(pid_t pid)
{
#if defined __x86_64__
	if (ptrace(PTRACE_POKEUSER, pid, 8 * 15 /* orig_rax */, -1L) < 0)
		die("skip a call");
#elif defined __aarch64__
	int none = -1;
	struct iovec v = {&none, sizeof none};
	if (ptrace(PTRACE_SETREGSET, pid, 0x404 /* NT_ARM_SYSTEM_CALL */, &v) < 0)
		die("skip a call");
#else
#error "say here how a system call is skipped on this machine"
#endif
}

/* call_result - at the exit of a call. */
static void call_result(pid_t pid, int error)
{
#if defined __x86_64__
	if (ptrace(PTRACE_POKEUSER, pid, 8 * 10 /* rax */, -(long)error) < 0)
		die("set a call's result");
#elif defined __aarch64__
	uint64_t regs[34];
	struct iovec v = {regs, sizeof regs};
	if (ptrace(PTRACE_GETREGSET, pid, 1 /* NT_PRSTATUS */, &v) < 0)
		die("read registers");
	regs[0] = (uint64_t)-error;
	if (ptrace(PTRACE_SETREGSET, pid, 1, &v) < 0)
		die("set a call's result");
#endif
}

static void on_entry(struct process *p, uint64_t call)
{
	if (p->other || call >= CALLS_MAX)
		return;
	unsigned n = ++p->count[call];
	if (all.record) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)call);
		fprintf(all.record, "%d %s %u\n", p->number, name ? name : "?", n);
		free(name);
	} else if (p->number == all.at_process && (int)call == all.at_call && n == all.at_count) {
		all.done = true;
		if (all.error == 0) {
			kill(p->pid, SIGKILL);
			return;
		}
		p->failing = true;
		call_skip(p->pid);
	}
}

static void on_call(struct process *p)
{
	struct __ptrace_syscall_info info;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof info, &info) < 0)
		return; /* killed in between */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		on_entry(p, info.entry.nr);
	} else if (p->failing) {
		p->failing = false;
		call_result(p->pid, all.error);
	}
}

static void go_on(struct process *p, int sig)
{
	p->held = false;
	ptrace(p->other ? PTRACE_CONT : PTRACE_SYSCALL, p->pid, 0, (long)sig);
}

static void on_new_process(pid_t maker)
{
	unsigned long pid;
	if (ptrace(PTRACE_GETEVENTMSG, maker, 0, &pid) < 0)
		return;
	struct process *p = find((pid_t)pid);
	p->number = all.n_numbers++;
	p->other = find(maker)->other;
	if (p->held)
		go_on(p, 0);
}

static void on_stop(struct process *p, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	if (p->number < 0) {
		p->held = true;
		return;
	}
	if (sig == (SIGTRAP | 0x80)) {
		on_call(p);
		sig = 0;
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
		pid_t pid = p->pid;
		on_new_process(pid);
		p = find(pid);
		sig = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		p->other = true;
		sig = 0;
	} else if (sig == SIGSTOP) {
		sig = 0; /* a new process */
	}
	go_on(p, sig);
}

static pid_t command_start(char **argv)
{
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			die("trace");
		raise(SIGSTOP);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	int status;
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
		ptrace(PTRACE_SETOPTIONS, pid, 0,
			PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
				PTRACE_O_EXITKILL) < 0)
		die("trace");
	struct process *p = find(pid);
	p->number = all.n_numbers++;
	/* Its own exec is the beginning. */
	int event = 0;
	while (event != PTRACE_EVENT_EXEC) {
		if (ptrace(PTRACE_SETOPTIONS, pid, 0,
			    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
				    PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) < 0 ||
			ptrace(PTRACE_CONT, pid, 0, 0) < 0 || waitpid(pid, &status, 0) < 0)
			die("start");
		if (!WIFSTOPPED(status))
			exit(97);
		event = status >> 16;
	}
	go_on(p, 0);
	return pid;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* follow - until all processes have ended.  Returns the command's exit status, or EXIT_LEFT. */
static int follow(pid_t command)
{
	int status, result = EXIT_LEFT;
	double deadline = 0;
	while (all.n > 0) {
		pid_t pid = waitpid(-1, &status, __WALL | (deadline > 0 ? WNOHANG : 0));
		if (pid < 0)
			die("wait");
		if (pid == 0 && now() > deadline) {
			for (int i = 0; i < all.n; i++) {
				fprintf(stderr, "fault: process %d (%d) is left\n", all.process[i].number,
					(int)all.process[i].pid);
				kill(all.process[i].pid, SIGKILL);
			}
			return EXIT_LEFT;
		}
		if (pid == 0) {
			usleep(1000);
			continue;
		}
		struct process *p = find(pid);
		if (WIFSTOPPED(status)) {
			on_stop(p, status);
			continue;
		}
		forget(p);
		if (pid == command) {
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			deadline = now() + 2;
		}
	}
	return result;
}

static int error_number(const char *name)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = {{"KILL", 0}, {"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE},
		{"ENOSPC", ENOSPC}, {"EINVAL", EINVAL}, {"EIO", EIO}};
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (strcmp(name, errors[i].name) == 0)
			return errors[i].error;
	return -1;
}

int main(int argc, char **argv)
{
	char call[64];
	if (argc < 4)
		return 97;
	if (strcmp(argv[1], "--record") == 0) {
		all.record = fopen(argv[2], "we");
		if (!all.record)
			die(argv[2]);
	} else if (sscanf(argv[1], "%d %63s %u", &all.at_process, call, &all.at_count) != 3 ||
		   (all.at_call = seccomp_syscall_resolve_name(call)) < 0 || (all.error = error_number(argv[2])) < 0) {
		fprintf(stderr, "fault: \"%s\" %s is no fault\n", argv[1], argv[2]);
		return 97;
	}
	int result = follow(command_start(argv + 3));
	if (all.record && fclose(all.record) != 0)
		die(argv[2]);
	return result == EXIT_LEFT || all.record || all.done ? result : EXIT_NO_CALL;
}
