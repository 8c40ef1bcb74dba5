/* SPDX-License-Identifier: Apache-2.0 */
/* What a process that parses a stranger's bytes may still do: use the descriptors it has and, where it unpacks, make
 * files below the directories it was given. */
#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/policy.h"
#include "sbx/str.h"

#if defined(__x86_64__)
#define CAGE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CAGE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define CAGE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define CAGE_ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CAGE_ARCH AUDIT_ARCH_PPC64LE
#else
#error "add this machine's AUDIT_ARCH_ constant (linux/audit.h) here"
#endif

/* Decoders' windows are bounded to 256 MiB (inflate_other.c), a directory of a layer costs about 150 bytes. */
#define CAGE_MEMORY_BYTES (1ull << 30)

/* Descriptors that are open, and memory. */
static const int plain_calls[] = {
	SYS_read,
	SYS_write,
	SYS_pread64,
	SYS_pwrite64,
	SYS_readv,
	SYS_writev,
	SYS_lseek,
	SYS_close,
	SYS_fstat,
	SYS_ftruncate,
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_futex,
	SYS_rt_sigreturn,
	SYS_rt_sigprocmask,
	SYS_rt_sigaction,
	SYS_sigaltstack,
	SYS_gettid,
	SYS_getpid,
	SYS_tgkill,
	SYS_sched_yield,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_gettimeofday,
	SYS_exit,
	SYS_exit_group,
};

/* Files by name. */
static const int file_calls[] = {
	SYS_fcntl,
	SYS_newfstatat,
	SYS_statx,
	SYS_readlinkat,
	SYS_getdents64,
	SYS_fgetxattr,
	SYS_flistxattr,
	SYS_fsetxattr,
	SYS_openat,
	SYS_openat2,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_symlinkat,
	SYS_linkat,
	SYS_unlinkat,
	SYS_fchown,
	SYS_fchownat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_utimensat,
};

static unsigned short allow(struct sock_filter *f, unsigned short n, const int *calls, size_t n_calls)
{
	for (size_t i = 0; i < n_calls; i++) {
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	return n;
}

/* Landlock is set by directories, the filter by calls, and neither trusts the other. */
static int cage_filter(bool files, struct sbx_err *err)
{
	enum { N = ARRAY_SIZE(plain_calls) + ARRAY_SIZE(file_calls), AROUND = 11 };
	struct sock_filter f[N * 2 + AROUND];
	unsigned short n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CAGE_ARCH, 1, 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	/* x32 has its own numbers (bit 30), which stand in no line below. */
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	n = allow(f, n, plain_calls, ARRAY_SIZE(plain_calls));
	if (files)
		n = allow(f, n, file_calls, ARRAY_SIZE(file_calls));
	/* Memory, but none to run code from.  PROT_EXEC is in the low half of the third argument of both. */
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0);
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 1, 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, args[2]) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

	struct sock_fprog prog = {.len = n, .filter = f};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		return sbx_fail(err, -errno, "load the unpacking process's system-call filter");
	return 0;
}

/* clang says it in a way of its own. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* __rlimit_resource_t: with _GNU_SOURCE glibc's calls take an enumeration, which clang tells from int. */
static int cage_limit(__rlimit_resource_t resource, uint64_t value, struct sbx_err *err)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return sbx_fail(err, -errno, "getrlimit");
	if (limit.rlim_max > value)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(resource, &limit) < 0 ? sbx_fail(err, -errno, "set a resource limit") : 0;
}

static int cage_limits(const struct cage *cage, struct sbx_err *err)
{
	int r = cage_limit(RLIMIT_CORE, 0, err);

	if (r >= 0)
		r = cage_limit(RLIMIT_FSIZE, cage->file_max_bytes, err);
#if !defined(__SANITIZE_ADDRESS__) /* whose shadow memory counts */
	if (r >= 0)
		r = cage_limit(RLIMIT_DATA, CAGE_MEMORY_BYTES, err);
#endif
	return r;
}

/* cage_caps - libcap is not needed for this: one call, in the namespace that the process is root of. */
static int cage_caps(bool keep, struct sbx_err *err)
{
	static const uint32_t kept = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH |
				     1u << CAP_FOWNER | 1u << CAP_FSETID | 1u << CAP_SETFCAP;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (keep)
		data[0].permitted = data[0].effective = kept;
	if (syscall(SYS_capset, &head, data) < 0)
		return sbx_fail(err, -errno, "drop capabilities");
	return 0;
}

/* cage_landlock - where the kernel has it.  Its first version forbids hard links between directories whatever the rules
 * say (LANDLOCK_ACCESS_FS_REFER came with the second), so who unpacks does without it there: the root is shrunk and the
 * filter is loaded in any case. */
static int cage_landlock(const struct cage *cage, struct sbx_err *err)
{
	if (landlock_abi() < (cage->files ? 2 : 1))
		return 0;
	return landlock_confine_to(cage->ro_fds, cage->n_ro, cage->rw_fds, cage->n_rw, err);
}

int cage_enter(const struct cage *cage, struct sbx_err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sbx_fail(err, -errno, "set no_new_privs");
	int r = cage_limits(cage, err);
	if (r >= 0)
		r = cage_landlock(cage, err);
	if (r >= 0)
		r = cage_caps(cage->files, err);
	return r < 0 ? r : cage_filter(cage->files, err);
}
