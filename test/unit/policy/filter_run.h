/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a filter says of a call, without loading it: the few instructions of classic BPF that seccomp filters consist
 * of. Source: linux/Documentation/userspace-api/seccomp_filter.rst; kernel/seccomp.c, seccomp_check_filter. */

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define NATIVE_ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__)
#define NATIVE_ARCH AUDIT_ARCH_PPC64LE
#endif

#define FILTER_BROKEN 0xdeadbeefu /* an answer that no filter gives */

static inline uint32_t filter_run(const struct sock_filter *f, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &f[pc];
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k > sizeof *data - sizeof a || i->k % sizeof a)
				return FILTER_BROKEN;
			memcpy(&a, (const char *)data + i->k, sizeof a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return FILTER_BROKEN;
		}
	}
	return FILTER_BROKEN;
}
