/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A custom filter as data: read from Docker's JSON (seccomp_json.c), compiled with libseccomp (seccomp_scmp.c). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sbx/err.h"
#include "sbx/policy.h"
#include "sbx/strv.h"

#define SECCOMP_JSON_MAX (1024 * 1024) /* Docker's own file has 20 KiB */
#define SECCOMP_NAMES_MAX 16384        /* names in all rules of a file together */
#define SECCOMP_ARGS 6

/* One comparison of an argument.  @op: enum scmp_compare; MASKED_EQ: value is the mask, value_two what must be left. */
struct seccomp_arg {
	unsigned index;
	int op;
	uint64_t value, value_two;
};

struct seccomp_rule {
	size_t index; /* in the file's "syscalls", for messages */
	struct strv names;
	uint32_t action; /* SCMP_ACT_*, the errno included */
	struct seccomp_arg args[SECCOMP_ARGS];
	size_t n_args;
};

struct seccomp_rules {
	uint32_t default_action;
	uint32_t *archs; /* SCMP_ARCH_*, besides the native one; owned */
	size_t n_archs;
	struct seccomp_rule *rules; /* owned; those whose includes and excludes fit this machine and @caps */
	size_t n_rules;
};

/* seccomp_rules_parse - read @text (@len bytes).  @file: for messages.  @caps: of the program.
 * Strict: an unknown key, a wrong type, a value out of range is -EINVAL with a message naming file, rule and key. */
int seccomp_rules_parse(
	const char *file, const char *text, size_t len, uint64_t caps, struct seccomp_rules *ret, struct sbx_err *err);
void seccomp_rules_free(struct seccomp_rules *rules);

/* seccomp_rules_compile - into a BPF program.  @ret: owned by the caller. */
int seccomp_rules_compile(
	const char *file, const struct seccomp_rules *rules, struct seccomp_filter *ret, struct sbx_err *err);
