/* SPDX-License-Identifier: Apache-2.0 */

/* gen-filters: write the built-in filters as C, at build time, so that starting a sandbox compiles nothing and does not
 * depend on libseccomp.  It is run on the machine that the filters are for. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "seccomp_compile.h"

int main(void)
{
	static struct sock_filter insns[FILTER_INSNS_MAX];
	struct sbx_err err;

	puts("/* Made by gen-filters from src/policy/seccomp_rules.def. */");
	puts("#include \"src/policy/seccomp_builtin.h\"");
	for (const struct filter_name *f = filter_names; f->name; f++) {
		size_t n;
		if (filter_compile(f->letter, insns, &n, &err) < 0) {
			fprintf(stderr, "gen-filters: %s: %s\n", f->name, err.msg);
			return EXIT_FAILURE;
		}
		printf("static const struct sock_filter %s_insns[] = {\n", f->name);
		for (size_t i = 0; i < n; i++)
			printf("\t{0x%02x, %u, %u, 0x%08" PRIx32 "},\n", insns[i].code, insns[i].jt, insns[i].jf,
				insns[i].k);
		puts("};");
	}
	puts("const struct seccomp_builtin_entry seccomp_builtin_table[] = {");
	for (const struct filter_name *f = filter_names; f->name; f++)
		printf("\t{\"%s\", %s_insns, sizeof %s_insns / sizeof %s_insns[0]},\n", f->name, f->name, f->name,
			f->name);
	puts("\t{0, 0, 0},\n};");
	return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
