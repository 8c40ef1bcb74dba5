/* SPDX-License-Identifier: Apache-2.0 */

/* The reader of custom filters, and libseccomp behind it, on any bytes. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "src/policy/seccomp_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct seccomp_rules rules;
	struct seccomp_filter filter;
	struct sbx_err err = {0};

	if (n > SECCOMP_JSON_MAX)
		return 0;
	if (seccomp_rules_parse("f", (const char *)bytes, n, 0xa80425fb, &rules, &err) < 0) {
		require(err.code < 0 && err.msg[0] && rules.n_rules == 0 && !rules.rules && !rules.archs);
		return 0;
	}
	for (size_t i = 0; i < rules.n_rules; i++)
		require(rules.rules[i].n_args <= SECCOMP_ARGS && rules.rules[i].names.n > 0);
	if (seccomp_rules_compile("f", &rules, &filter, &err) == 0) {
		require(filter.n_insns > 0 && filter.n_insns <= BPF_MAXINSNS && filter.owned);
		seccomp_filter_free(&filter);
	} else {
		require(err.code < 0 && err.msg[0]);
	}
	seccomp_rules_free(&rules);
	return 0;
}
