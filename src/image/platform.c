/* SPDX-License-Identifier: Apache-2.0 */

/* Platforms: os/arch[/variant], in Go's words.
 * Source: OCI image-spec, image-index.md, "Platform Variants"; containerd's platforms/defaults. */

#include "sbx/image.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

#define FIELD sizeof(((struct platform *)NULL)->os)

/* uname(2)'s machine, and what a person may write, in Go's words. */
static const struct {
	const char *machine, *arch, *variant;
} machines[] = {
	{"x86_64", "amd64", ""},
	{"aarch64", "arm64", "v8"},
	{"i386", "386", ""},
	{"i686", "386", ""},
	{"armv7l", "arm", "v7"},
	{"armv8l", "arm", "v7"},
	{"armv6l", "arm", "v6"},
	{"riscv64", "riscv64", ""},
	{"ppc64le", "ppc64le", ""},
	{"s390x", "s390x", ""},
	{"loongarch64", "loong64", ""},
	{"mips64", "mips64", ""},
};

static void set(char *field, const char *text)
{
	/* The rest is zeros, so that platforms can be compared as bytes. */
	memset(field, 0, FIELD);
	memcpy(field, text, strnlen(text, FIELD - 1));
}

void platform_host(struct platform *ret)
{
	struct utsname uts;
	const char *machine = uname(&uts) == 0 ? uts.machine : "unknown", *arch = machine, *variant = "";

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (strcmp(machine, machines[i].machine) == 0) {
			arch = machines[i].arch;
			variant = machines[i].variant;
			break;
		}
	}
	set(ret->os, "linux");
	set(ret->arch, arch);
	set(ret->variant, variant);
}

static bool word_valid(const char *word)
{
	size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

	return n > 0 && word[n] == '\0' && n < FIELD && !strchr("_.-", word[0]);
}

int platform_make(const char *os, const char *arch, const char *variant, struct platform *ret)
{
	if (!os || !arch || !word_valid(os) || !word_valid(arch) || (!str_empty(variant) && !word_valid(variant)))
		return -EINVAL;
	set(ret->os, os);
	set(ret->arch, arch);
	set(ret->variant, variant ? variant : "");
	return 0;
}

int platform_parse(const char *text, struct platform *ret, struct sbx_err *err)
{
	if (!text) {
		platform_host(ret);
		return 0;
	}
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *os = strsep(&rest, "/"), *arch = strsep(&rest, "/"), *variant = strsep(&rest, "/");
	for (size_t i = 0; arch && i < ARRAY_SIZE(machines); i++)
		if (strcmp(arch, machines[i].machine) == 0)
			arch = (char *)machines[i].arch;
	if (rest || (variant && !*variant) || platform_make(os, arch, variant, ret) < 0)
		return sbx_fail_plain(
			err, -EINVAL, "platform \"%s\" is not of the form OS/ARCH[/VARIANT], like linux/amd64", text);
	return 0;
}

/* variant_level - "v7" as 7; 0 where none is said; -1 where it is something else. */
static int variant_level(const char *variant)
{
	if (!*variant)
		return 0;
	return variant[0] == 'v' && variant[1] >= '1' && variant[1] <= '9' && !variant[2] ? variant[1] - '0' : -1;
}

/* default_level - what an architecture's images mean where they do not say a variant. */
static int default_level(const char *arch)
{
	static const struct {
		const char *arch;
		int level;
	} levels[] = {{"arm", 7}, {"arm64", 8}, {"amd64", 1}};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(arch, levels[i].arch) == 0)
			return levels[i].level;
	return 0;
}

unsigned platform_rank(const struct platform *want, const struct platform *have)
{
	if (strcmp(want->os, have->os) != 0 || strcmp(want->arch, have->arch) != 0)
		return 0;
	if (strcmp(want->variant, have->variant) == 0)
		return 100;
	int want_level = variant_level(want->variant), have_level = variant_level(have->variant);
	if (want_level < 0 || have_level < 0)
		return 0;
	/* A machine runs what was made for its own or a lower variant of its architecture; the highest of these is
	 * best. */
	if (want_level == 0)
		want_level = default_level(want->arch);
	if (have_level == 0)
		have_level = default_level(have->arch);
	return have_level <= want_level ? 1 + (unsigned)have_level : 0;
}

char *platform_text(const struct platform *platform)
{
	return xasprintf("%s/%s%s%s", platform->os, platform->arch, *platform->variant ? "/" : "", platform->variant);
}
