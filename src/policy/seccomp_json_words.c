/* SPDX-License-Identifier: Apache-2.0 */

/* The words of a seccomp JSON file, one table for each kind. */

#include "seccomp_json_words.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

struct word {
	const char *name;
	uint32_t value;
};

static const struct word actions[] = {
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD}, /* what it meant before there were two */
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
};

static const struct word compares[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

static const struct word archs[] = {
	{"SCMP_ARCH_X86", SCMP_ARCH_X86}, {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64}, {"SCMP_ARCH_X32", SCMP_ARCH_X32},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM}, {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64}, {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
	{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64}, {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL}, {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
	{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32}, {"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
	{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64}, {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
	{"SCMP_ARCH_S390", SCMP_ARCH_S390}, {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
	{"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC}, {"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
	{"SCMP_ARCH_LOONGARCH64", 0xc0000102}, /* AUDIT_ARCH_LOONGARCH64; libseccomp 2.6 */
};

/* includes.arches has the names of Go's GOARCH. */
static const struct word goarchs[] = {
	{"386", SCMP_ARCH_X86},
	{"x86", SCMP_ARCH_X86},
	{"amd64", SCMP_ARCH_X86_64},
	{"x32", SCMP_ARCH_X32},
	{"arm", SCMP_ARCH_ARM},
	{"arm64", SCMP_ARCH_AARCH64},
	{"mips64le", SCMP_ARCH_MIPSEL64},
	{"ppc64le", SCMP_ARCH_PPC64LE},
	{"s390", SCMP_ARCH_S390},
	{"s390x", SCMP_ARCH_S390X},
	{"riscv64", SCMP_ARCH_RISCV64},
};

static int word_find(const struct word *words, size_t n, const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i].name, name) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

bool seccomp_word_in(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");
		if (n == len && memcmp(at, word, n) == 0)
			return true;
		at += n;
	}
	return false;
}

int seccomp_action_parse(const char *word, uint32_t *ret)
{
	return word_find(actions, ARRAY_SIZE(actions), word, ret);
}

int seccomp_arch_parse(const char *word, uint32_t *ret)
{
	return word_find(archs, ARRAY_SIZE(archs), word, ret);
}

int seccomp_compare_parse(const char *word, int *ret)
{
	uint32_t value;
	int r = word_find(compares, ARRAY_SIZE(compares), word, &value);

	if (r == 0)
		*ret = (int)value;
	return r;
}

int seccomp_errno_parse(const char *word)
{
	for (int code = 1; code <= EHWPOISON; code++) {
		const char *name = strerrorname_np(code);
		if (name && strcmp(name, word) == 0)
			return code;
	}
	return -EINVAL;
}

bool seccomp_goarch_is_native(const char *word)
{
	uint32_t arch;
	return word_find(goarchs, ARRAY_SIZE(goarchs), word, &arch) == 0 && arch == seccomp_arch_native();
}

int seccomp_kernel_at_least(const char *version)
{
	unsigned want_major, want_minor, major, minor;
	int used = -1;
	struct utsname name;

	if (strlen(version) > 9 || version[strspn(version, "0123456789.")] ||
		sscanf(version, "%u.%u%n", &want_major, &want_minor, &used) != 2 || version[used])
		return -EINVAL;
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return -EINVAL;
	return major > want_major || (major == want_major && minor >= want_minor);
}
