/* SPDX-License-Identifier: Apache-2.0 */

/* Rules to BPF with libseccomp: for custom filters alone, and only where the cache has none. */

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/str.h"
#include "seccomp_json.h"

static void context_cleanup(scmp_filter_ctx *context)
{
	seccomp_release(*context);
}

/* Numbers that an older libseccomp does not know. */
#define NUMBER(call, number) {#call, number},
#define CALLS(...)
#define ARGUMENT(...)
#define FAKE(...)
static const struct {
	const char *name;
	int number;
} young_calls[] = {
#include "seccomp_rules.def"
};

static int call_number(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	for (size_t i = 0; number == __NR_SCMP_ERROR && i < ARRAY_SIZE(young_calls); i++)
		if (strcmp(young_calls[i].name, name) == 0)
			return young_calls[i].number;
	return number;
}

static bool lets_pass(uint32_t action)
{
	return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG;
}

static int rule_add_one(scmp_filter_ctx context, const struct seccomp_rule *rule, int number,
	const struct scmp_arg_cmp *compares, unsigned n)
{
	int r = seccomp_rule_add_array(context, rule->action, number, n, compares);
	/* The same again, or less than an earlier rule without comparisons says. */
	return r == -EEXIST ? 0 : r;
}

static int rule_add(scmp_filter_ctx context, const struct seccomp_rule *rule, int number)
{
	struct scmp_arg_cmp compares[SECCOMP_ARGS];
	unsigned seen = 0;
	bool alternatives = false;

	for (size_t i = 0; i < rule->n_args; i++) {
		const struct seccomp_arg *arg = &rule->args[i];
		compares[i] = (struct scmp_arg_cmp){arg->index, (enum scmp_compare)arg->op, arg->value, arg->value_two};
		alternatives = alternatives || seen & 1u << arg->index;
		seen |= 1u << arg->index;
	}
	if (!alternatives)
		return rule_add_one(context, rule, number, compares, (unsigned)rule->n_args);
	/* Two comparisons of one argument are alternatives, and then all of the rule are: so runc and crun read it. */
	for (size_t i = 0; i < rule->n_args; i++) {
		int r = rule_add_one(context, rule, number, &compares[i], 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static int rule_add_names(const char *file, scmp_filter_ctx context, const struct seccomp_rules *rules,
	const struct seccomp_rule *rule, struct sbx_err *err)
{
	if (rule->action == rules->default_action)
		return 0; /* libseccomp refuses what says nothing new */
	for (size_t i = 0; i < rule->names.n; i++) {
		const char *name = rule->names.v[i];
		int number = call_number(name);
		if (number == __NR_SCMP_ERROR) {
			/* Lists name calls of years to come.  The default action is theirs then, which may not be
			 * laxer. */
			if (lets_pass(rule->action) || !lets_pass(rules->default_action))
				continue;
			const struct scmp_version *v = seccomp_version();
			_cleanup_free_ char *shown = text_escape(name);
			return sbx_fail_plain(err, -EINVAL,
				"%s: syscalls[%zu]: the call '%.100s' cannot be refused: libseccomp %u.%u.%u does not "
				"know it",
				file, rule->index, shown, v->major, v->minor, v->micro);
		}
		int r = rule_add(context, rule, number);
		if (r == -EDOM && lets_pass(rule->action))
			continue; /* a young call that libseccomp cannot name for the foreign ABI */
		if (r < 0) {
			_cleanup_free_ char *shown = text_escape(name);
			return sbx_fail(err, r, "%s: syscalls[%zu]: the rule for '%.100s' does not go with the others",
				file, rule->index, shown);
		}
	}
	return 0;
}

static int context_export(const char *file, scmp_filter_ctx context, struct seccomp_filter *ret, struct sbx_err *err)
{
	_cleanup_close_ int fd = memfd_create("seccomp", MFD_CLOEXEC);
	_cleanup_free_ char *bytes = NULL;
	size_t n;

	if (fd < 0)
		return sbx_fail(err, -errno, "make a memory file for the compiled filter");
	int r = seccomp_export_bpf(context, fd);
	if (r < 0)
		return sbx_fail(err, r, "%s: compile the system-call filter", file);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return sbx_fail(err, -errno, "read the compiled filter");
	r = read_all(fd, (size_t)1024 * 1024, &bytes, &n, err);
	if (r < 0)
		return r;
	if (n == 0 || n % sizeof(struct sock_filter) != 0 || n / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return sbx_fail_plain(err, -E2BIG, "%s: the compiled filter has %zu instructions, the kernel takes %d",
			file, n / sizeof(struct sock_filter), BPF_MAXINSNS);
	ret->n_insns = n / sizeof(struct sock_filter);
	ret->owned = (struct sock_filter *)(void *)steal_ptr(bytes);
	ret->insns = ret->owned;
	return 0;
}

int seccomp_rules_compile(
	const char *file, const struct seccomp_rules *rules, struct seccomp_filter *ret, struct sbx_err *err)
{
	_cleanup_(context_cleanup) scmp_filter_ctx context = seccomp_init(rules->default_action);

	*ret = (struct seccomp_filter){0};
	if (!context)
		return sbx_fail_plain(err, -EINVAL, "%s: libseccomp does not take the \"defaultAction\"", file);
	/* Foreign ABIs that the file does not name look missing, as with the built-in filters.  The tree of level 2
	 * sorts the calls by number instead of asking for one after the other. */
	int r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (r == 0)
		r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		return sbx_fail(err, r, "%s: prepare the system-call filter", file);
	for (size_t i = 0; i < rules->n_archs; i++) {
		r = seccomp_arch_add(context, rules->archs[i]);
		if (r < 0 && r != -EEXIST)
			return sbx_fail(err, r, "%s: add the architecture 0x%08x to the filter", file, rules->archs[i]);
	}
	for (size_t i = 0; i < rules->n_rules; i++) {
		r = rule_add_names(file, context, rules, &rules->rules[i], err);
		if (r < 0)
			return r;
	}
	return context_export(file, context, ret, err);
}
