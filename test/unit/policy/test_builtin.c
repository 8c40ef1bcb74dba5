/* SPDX-License-Identifier: Apache-2.0 */

/* The built-in system-call filters: as data (what they answer to every call), and loaded in a child (what a program
 * sees). */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "filter_run.h"
#include "sbx/cleanup.h"
#include "sbx/policy.h"
#include "src/policy/seccomp_compile.h"

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(code) (SECCOMP_RET_ERRNO | (code))
#define SUCCESS SECCOMP_RET_ERRNO /* errno 0 */

static void get(const char *name, struct seccomp_filter *ret)
{
	if (strcmp(name, "fake_root") == 0)
		ret->insns = seccomp_fake_root(&ret->n_insns);
	else if (strcmp(name, "net_helper") == 0)
		assert_int_equal(seccomp_net_helper(ret), 0);
	else
		assert_int_equal(seccomp_builtin(name, ret), 0);
}

static uint32_t ask(const char *filter, uint32_t arch, int number, uint64_t arg0, uint64_t arg1)
{
	struct seccomp_filter f;
	struct seccomp_data data = {.nr = number, .arch = arch, .args = {arg0, arg1}};

	get(filter, &f);
	return filter_run(f.insns, f.n_insns, &data);
}

static uint32_t ask_name(const char *filter, const char *call, uint64_t arg0, uint64_t arg1)
{
	int number = filter_call_number(call);
	if (number < 0)
		fail_msg("no call is named %s", call);
	return ask(filter, NATIVE_ARCH, number, arg0, arg1);
}

static void assert_answer(const char *filter, const char *calls, uint32_t answer)
{
	char copy[2048], *save = NULL;

	snprintf(copy, sizeof copy, "%s", calls);
	for (char *call = strtok_r(copy, " ", &save); call; call = strtok_r(NULL, " ", &save)) {
		uint32_t said = filter_call_number(call) == -1 ? answer : ask_name(filter, call, 0, 0);
		if (said != answer)
			fail_msg("%s answers 0x%08x to %s, not 0x%08x", filter, said, call, answer);
	}
}

static void compiling_again_gives_the_same_bytes(void **state)
{
	static struct sock_filter insns[FILTER_INSNS_MAX];

	(void)state;
	for (const struct filter_name *f = filter_names; f->name; f++) {
		struct seccomp_filter embedded = {0};
		struct sbx_err err;
		size_t n;
		get(f->name, &embedded);
		assert_int_equal(filter_compile(f->letter, insns, &n, &err), 0);
		assert_int_equal(n, embedded.n_insns);
		assert_memory_equal(insns, embedded.insns, n * sizeof insns[0]);
	}
}

static void an_unknown_name_is_no_filter(void **state)
{
	struct seccomp_filter f;

	(void)state;
	assert_int_equal(seccomp_builtin("Default", &f), -ENOENT);
	assert_int_equal(seccomp_builtin("fake_root", &f), -ENOENT);
	assert_int_equal(seccomp_builtin("", &f), -ENOENT);
}

static void every_number_has_an_answer_and_unknown_ones_are_ENOSYS(void **state)
{
	static const char *const filters[] = {"default", "strict", "devel", "nested"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		for (int number = 0; number < 2048; number++) {
			uint32_t said = ask(filters[i], NATIVE_ARCH, number, 0, 0);
			bool known = said == ALLOW || said == REFUSE(EPERM) || said == REFUSE(ENOSYS) ||
				     said == REFUSE(EAFNOSUPPORT);
			if (!known)
				fail_msg("%s answers 0x%08x to call %d", filters[i], said, number);
			if (number > 500)
				assert_int_equal(said, REFUSE(ENOSYS));
		}
		assert_int_equal(ask(filters[i], NATIVE_ARCH, -1, 0, 0), REFUSE(ENOSYS));
	}
}

static void foreign_calls_are_ENOSYS(void **state)
{
	static const char *const filters[] = {"default", "strict", "devel", "nested"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		for (int number = 0; number < 512; number++) {
			uint32_t foreign = NATIVE_ARCH == AUDIT_ARCH_ARM ? AUDIT_ARCH_I386 : AUDIT_ARCH_ARM;
			assert_int_equal(ask(filters[i], AUDIT_ARCH_I386, number, 0, 0), REFUSE(ENOSYS));
			assert_int_equal(ask(filters[i], foreign, number, 0, 0), REFUSE(ENOSYS));
			assert_int_equal(ask(filters[i], NATIVE_ARCH, 0x40000000 | number, 0, 0), REFUSE(ENOSYS));
		}
	}
}

static void the_default_is_as_SECURITY_says(void **state)
{
	(void)state;
	assert_answer("default",
		"clone3 open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr "
		"io_uring_setup "
		"io_uring_enter io_uring_register userfaultfd memfd_secret",
		REFUSE(ENOSYS));
	assert_answer("default",
		"unshare setns mount umount2 pivot_root keyctl add_key request_key bpf perf_event_open "
		"open_by_handle_at "
		"pidfd_getfd process_madvise kcmp init_module finit_module delete_module kexec_load kexec_file_load "
		"swapon "
		"swapoff quotactl quotactl_fd acct syslog settimeofday clock_settime clock_adjtime adjtimex iopl "
		"ioperm mbind "
		"set_mempolicy get_mempolicy set_mempolicy_home_node migrate_pages move_pages vhangup reboot",
		REFUSE(EPERM));
	assert_answer("default",
		"read write openat execve fork vfork mmap futex getrandom wait4 rt_sigreturn chroot chown setuid "
		"setgroups "
		"fchmodat2 faccessat2 statx memfd_create inotify_init1 epoll_pwait2 sendmmsg shmget semtimedop mq_open "
		"io_setup "
		"seccomp landlock_restrict_self prctl capset arch_prctl rseq copy_file_range sync_file_range mknodat",
		ALLOW);
}

static void strict_devel_and_nested_differ_as_they_should(void **state)
{
	static const char debug[] = "ptrace process_vm_readv process_vm_writev perf_event_open kcmp";
	static const char spaces[] =
		"unshare setns mount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount fspick "
		"mount_setattr clone3";

	(void)state;
	assert_answer("default", debug, REFUSE(EPERM));
	assert_answer("strict", debug, REFUSE(EPERM));
	assert_answer("devel", debug, ALLOW);
	assert_answer("nested", debug, REFUSE(EPERM));
	assert_answer("nested", spaces, ALLOW);
	assert_int_equal(ask_name("nested", "clone", 0x10000000, 0x10000000), ALLOW);
	assert_answer("strict", "modify_ldt io_setup io_submit", REFUSE(ENOSYS));
	assert_answer("strict", "bpf mount keyctl", REFUSE(EPERM));
	assert_answer("devel", "bpf mount keyctl unshare", REFUSE(EPERM));
	assert_answer("nested", "bpf keyctl kexec_load", REFUSE(EPERM));
}

static void clone_makes_threads_and_processes_but_no_namespace(void **state)
{
	static const uint32_t spaces[] = {
		0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000};
	static const char *const filters[] = {"default", "strict", "devel"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		/* What pthread_create and fork of glibc ask for. */
		assert_int_equal(ask_name(filters[i], "clone", 0x003d0f00, 0x003d0f00), ALLOW);
		assert_int_equal(ask_name(filters[i], "clone", 0x01200011, 0x01200011), ALLOW);
		for (size_t j = 0; j < ARRAY_SIZE(spaces); j++) {
			uint64_t flags = spaces[j] | SIGCHLD;
			assert_int_equal(ask_name(filters[i], "clone", flags, flags), REFUSE(EPERM));
			flags |= UINT64_C(1) << 40;
			assert_int_equal(ask_name(filters[i], "clone", flags, flags), REFUSE(EPERM));
		}
	}
}

static void terminal_requests_are_refused_whatever_stands_above_32_bits(void **state)
{
	static const uint32_t refused[] = {0x5412, 0x541c, 0x5423};
	static const char *const filters[] = {"default", "strict", "devel", "nested"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(refused); j++)
			for (unsigned bit = 32; bit <= 64; bit++) {
				uint64_t request = refused[j] | (bit < 64 ? UINT64_C(1) << bit : 0);
				assert_int_equal(ask_name(filters[i], "ioctl", 0, request), REFUSE(EPERM));
			}
		assert_int_equal(ask_name(filters[i], "ioctl", 0, 0x5401), ALLOW); /* TCGETS */
		assert_int_equal(ask_name(filters[i], "ioctl", 0x5412, 0x5413), ALLOW);
	}
}

static void sockets_are_of_the_named_families(void **state)
{
	(void)state;
	for (uint32_t family = 0; family < 64; family++) {
		bool in_default = family == 1 || family == 2 || family == 10 || family == 16;
		assert_int_equal(ask_name("default", "socket", family, 1), in_default ? ALLOW : REFUSE(EAFNOSUPPORT));
		assert_int_equal(ask_name("strict", "socket", family, 1),
			in_default && family != 16 ? ALLOW : REFUSE(EAFNOSUPPORT));
		assert_int_equal(
			ask_name("default", "socketpair", family, 1), in_default ? ALLOW : REFUSE(EAFNOSUPPORT));
	}
	/* The kernel's argument is an int: AF_VSOCK with bits above is AF_VSOCK, and AF_UNIX with them AF_UNIX. */
	assert_int_equal(ask_name("default", "socket", UINT64_C(0x100000028), 1), REFUSE(EAFNOSUPPORT));
	assert_int_equal(ask_name("default", "socket", UINT64_C(0x100000001), 1), ALLOW);
}

static void personality_takes_five_values(void **state)
{
	static const uint32_t fine[] = {0, 0x8, 0x20000, 0x20008, 0xffffffff};
	static const uint32_t refused[] = {1, 0x0040000, 0x0100000, 0x400000, 0x7fffffff, 0x20009};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++)
		assert_int_equal(ask_name("default", "personality", fine[i], 0), ALLOW);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(ask_name("default", "personality", refused[i], 0), REFUSE(EPERM));
}

static void fake_root_answers_ownership_alone(void **state)
{
	(void)state;
	assert_answer("fake_root",
		"chown fchown lchown fchownat setgroups setuid setgid setreuid setregid setresuid setresgid setfsuid "
		"setfsgid",
		SUCCESS);
	assert_answer("fake_root", "read mknod mknodat chmod capset mount getuid ptrace", ALLOW);
	assert_int_equal(ask("fake_root", AUDIT_ARCH_I386, 182, 0, 0), ALLOW); /* the other filter's business */
}

/* What a loaded filter does.  A child reports what it saw in shared memory: exit statuses are too narrow. */

struct seen {
	int mount, unshare, clone3, tiocsti, vsock, chown_missing, keyctl, unknown, getpid_ok, x32;
	int i386;       /* errno of getpid through int 0x80 */
	int i386_alive; /* 0: the kernel has no such ABI and killed the child */
};

static int error_of(long r)
{
	return r < 0 ? errno : 0;
}

static void look(struct seen *seen)
{
	seen->mount = error_of(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL));
	seen->unshare = error_of(syscall(SYS_unshare, 0));
	seen->clone3 = error_of(syscall(435, NULL, 0));
	seen->tiocsti = error_of(syscall(SYS_ioctl, -1, UINT64_C(0x8000000000005412), NULL));
	seen->vsock = error_of(syscall(SYS_socket, 40, 1, 0));
	seen->chown_missing = error_of(syscall(SYS_fchownat, -100, "/nowhere/at/all", 5, 5, 0));
	seen->keyctl = error_of(syscall(SYS_keyctl, 99, 0, 0, 0, 0));
	seen->unknown = error_of(syscall(1000, 0));
	seen->getpid_ok = syscall(SYS_getpid) == getpid();
#if defined(__x86_64__)
	seen->x32 = error_of(syscall(0x40000000 | SYS_getpid));
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	seen->i386 = r < 0 ? (int)-r : 0;
	seen->i386_alive = 1;
#else
	seen->x32 = seen->i386 = ENOSYS;
	seen->i386_alive = 1;
#endif
}

static struct seen *look_under(const char *filter, bool fake_root)
{
	struct seen *seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	assert_ptr_not_equal(seen, MAP_FAILED);
	memset(seen, 0xff, sizeof *seen);
	seen->i386_alive = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct seccomp_filter f, fake = {0};
		struct sbx_err err;
		signal(SIGSEGV, SIG_DFL); /* cmocka's handler would run the other tests in this child */
		get(filter, &f);
		fake.insns = seccomp_fake_root(&fake.n_insns);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			(fake_root && seccomp_install(fake.insns, fake.n_insns, &err) < 0) ||
			seccomp_install(f.insns, f.n_insns, &err) < 0)
			_exit(1);
		look(seen);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && !seen->i386_alive))
		assert_int_equal(status, 0);
	return seen;
}

static void a_loaded_filter_gives_the_promised_errors(void **state)
{
	struct seen *seen = look_under("default", false);

	(void)state;
	assert_int_equal(seen->mount, EPERM);   /* unfiltered: EFAULT */
	assert_int_equal(seen->unshare, EPERM); /* unfiltered: success */
	assert_int_equal(seen->clone3, ENOSYS); /* unfiltered: EINVAL */
	assert_int_equal(seen->tiocsti, EPERM); /* unfiltered: EBADF */
	assert_int_equal(seen->vsock, EAFNOSUPPORT);
	assert_int_equal(seen->chown_missing, ENOENT);
	assert_int_equal(seen->keyctl, EPERM); /* unfiltered: EOPNOTSUPP */
	assert_int_equal(seen->unknown, ENOSYS);
	assert_true(seen->getpid_ok);
	assert_int_equal(seen->x32, ENOSYS);
	if (seen->i386_alive)
		assert_int_equal(seen->i386, ENOSYS);
	munmap(seen, sizeof *seen);
}

static void fake_root_on_top_lets_chown_succeed_and_the_rest_stay_refused(void **state)
{
	struct seen *seen = look_under("default", true);

	(void)state;
	assert_int_equal(seen->chown_missing, 0);
	assert_int_equal(seen->mount, EPERM);
	assert_int_equal(seen->tiocsti, EPERM);
	assert_int_equal(seen->x32, ENOSYS);
	munmap(seen, sizeof *seen);
}

static void nested_lets_namespaces_through(void **state)
{
	struct seen *seen = look_under("nested", false);

	(void)state;
	assert_int_equal(seen->unshare, 0);
	assert_int_equal(seen->clone3, EINVAL);
	assert_int_equal(seen->tiocsti, EPERM);
	munmap(seen, sizeof *seen);
}

static void a_filter_of_no_instructions_is_refused(void **state)
{
	static const struct sock_filter none[1];
	struct sbx_err err;

	(void)state;
	assert_int_equal(seccomp_install(none, 0, &err), -EINVAL);
	assert_int_equal(seccomp_install(none, 4097, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiling_again_gives_the_same_bytes),
		cmocka_unit_test(an_unknown_name_is_no_filter),
		cmocka_unit_test(every_number_has_an_answer_and_unknown_ones_are_ENOSYS),
		cmocka_unit_test(foreign_calls_are_ENOSYS),
		cmocka_unit_test(the_default_is_as_SECURITY_says),
		cmocka_unit_test(strict_devel_and_nested_differ_as_they_should),
		cmocka_unit_test(clone_makes_threads_and_processes_but_no_namespace),
		cmocka_unit_test(terminal_requests_are_refused_whatever_stands_above_32_bits),
		cmocka_unit_test(sockets_are_of_the_named_families),
		cmocka_unit_test(personality_takes_five_values),
		cmocka_unit_test(fake_root_answers_ownership_alone),
		cmocka_unit_test(a_loaded_filter_gives_the_promised_errors),
		cmocka_unit_test(fake_root_on_top_lets_chown_succeed_and_the_rest_stay_refused),
		cmocka_unit_test(nested_lets_namespaces_through),
		cmocka_unit_test(a_filter_of_no_instructions_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
