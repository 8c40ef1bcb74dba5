/* SPDX-License-Identifier: Apache-2.0 */

/* The compiler of the built-in filters: rules to a map "number -> what to do", neighbours with the same answer joined
 * into ranges, ranges into a balanced tree of comparisons.
 *
 * Why not seccomp_export_bpf: an allow-list cannot say "any value but these" of one argument there (one comparison an
 * argument and rule), nor ERRNO(0), and one node a call makes a filter of some 900 instructions where ranges make one
 * of about 300. The kernel runs a new filter once for each call number it has (seccomp_cache_prepare, Linux 5.11), at
 * every start. */

#include "seccomp_compile.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>
#include "sbx/cleanup.h"

#define CALLS_MAX 1024 /* above the highest number of a call */
#define VALUES_MAX 8
#define TESTS_MAX 16
#define X32_BIT 0x40000000u

#if defined(__s390x__)
#define CLONE_FLAGS_INDEX 1 /* clone(2), "C library/kernel differences" */
#else
#define CLONE_FLAGS_INDEX 0
#endif

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif

enum test_kind { ANY_BIT, ONE_OF };

/* What a filter answers, as the kernel takes it. */
#define ANSWER_ALLOW SECCOMP_RET_ALLOW
#define ANSWER_EPERM (SECCOMP_RET_ERRNO | EPERM)
#define ANSWER_ENOSYS (SECCOMP_RET_ERRNO | ENOSYS)
#define ANSWER_EAFNOSUPPORT (SECCOMP_RET_ERRNO | EAFNOSUPPORT)
#define ANSWER_SUCCESS (SECCOMP_RET_ERRNO | 0)

struct rule {
	const char *filters;
	const char *calls; /* names, separated by blanks */
	uint32_t answer;   /* CALLS; ARGUMENT: of a miss */
	bool has_test;
	unsigned index;
	enum test_kind kind;
	uint32_t hit;
	uint32_t values[VALUES_MAX];
	size_t n_values;
};

#define VALUES(...) {__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)
#define NUMBER(call, number)
#define CALLS(filters, action, theme, calls) {filters, calls, ANSWER_##action, false, 0, ANY_BIT, 0, {0}, 0},
#define ARGUMENT(filters, call, index, test, values, hit, miss) \
	{filters, call, ANSWER_##miss, true, index, test, ANSWER_##hit, values},
#define FAKE(calls)
static const struct rule rules[] = {
#include "seccomp_rules.def"
};
#undef NUMBER
#undef CALLS
#undef ARGUMENT
#undef FAKE

#define CALLS(...)
#define ARGUMENT(...)
#define NUMBER(call, number) {#call, number},
#define FAKE(calls)
static const struct {
	const char *name;
	int number;
} young_calls[] = {
#include "seccomp_rules.def"
};
#undef NUMBER
#undef FAKE
#define NUMBER(call, number)
#define FAKE(calls) {"", calls, ANSWER_SUCCESS, false, 0, ANY_BIT, 0, {0}, 0},
static const struct rule fake_rules[] = {
#include "seccomp_rules.def"
};

const struct filter_name filter_names[] = {{"default", 'd'}, {"strict", 's'}, {"devel", 'v'}, {"nested", 'n'},
	{"net_helper", 't'}, {"fake_root", 0}, {NULL, 0}};

/* The answer for one call number. */
struct answer {
	bool set;
	uint32_t plain;          /* where test is NULL */
	const struct rule *test; /* borrowed from the table */
};

struct program {
	struct sock_filter *insns;
	size_t n;
	bool overflow;
};

struct range {
	uint32_t first;
	struct answer answer;
};

int filter_call_number(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	for (size_t i = 0; i < ARRAY_SIZE(young_calls); i++) {
		if (strcmp(young_calls[i].name, name) != 0)
			continue;
		/* A later libseccomp knows the name: then both must say the same. */
		return number >= 0 && number != young_calls[i].number ? -2 : young_calls[i].number;
	}
	if (number == __NR_SCMP_ERROR)
		return -2;
	return number < 0 ? -1 : number; /* negative: a pseudo number of a call that other machines have */
}

static int rule_apply(const struct rule *rule, struct answer *answers, struct sbx_err *err)
{
	char calls[1024], *save = NULL;

	if (strlen(rule->calls) >= sizeof calls)
		return sbx_fail_plain(err, -EINVAL, "seccomp rules: a list of more than %zu bytes", sizeof calls - 1);
	strcpy(calls, rule->calls);
	for (char *name = strtok_r(calls, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		int number = filter_call_number(name);
		if (number == -1)
			continue;
		if (number < 0 || number >= CALLS_MAX)
			return sbx_fail_plain(err, -EINVAL, "seccomp rules: no system call is named '%s'", name);
		struct answer *answer = &answers[number];
		if (answer->set)
			return sbx_fail_plain(err, -EINVAL, "seccomp rules: '%s' stands twice in one filter", name);
		*answer = (struct answer){true, rule->answer, rule->has_test ? rule : NULL};
	}
	return 0;
}

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t jump_true, uint8_t jump_false)
{
	if (p->n >= FILTER_INSNS_MAX) {
		p->overflow = true;
		return;
	}
	p->insns[p->n++] = (struct sock_filter){code, jump_true, jump_false, k};
}

static void emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct program *p, uint32_t answer)
{
	emit(p, BPF_RET | BPF_K, answer, 0, 0);
}

static void emit_answer(struct program *p, const struct answer *answer)
{
	const struct rule *test = answer->test;
	if (!test) {
		emit_return(p, answer->plain);
		return;
	}
	uint16_t jump = BPF_JMP | BPF_K | (test->kind == ANY_BIT ? BPF_JSET : BPF_JEQ);
	emit_load(p, offsetof(struct seccomp_data, args) + 8 * test->index + LOW_HALF);
	for (size_t i = 0; i < test->n_values; i++)
		emit(p, jump, test->values[i], (uint8_t)(test->n_values - i), 0);
	emit_return(p, test->answer);
	emit_return(p, test->hit);
}

/* emit_tree - decide between @n ranges, the number of the call being loaded. */
static void emit_tree(struct program *p, const struct range *ranges, size_t n)
{
	if (n == 1) {
		emit_answer(p, &ranges[0].answer);
		return;
	}
	size_t half = n / 2, branch = p->n;
	emit(p, BPF_JMP | BPF_JGE | BPF_K, ranges[half].first, 0, 0);
	/* A conditional jump reaches 255 instructions, the unconditional one any number: leave room for it at the top.
	 */
	emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_tree(p, ranges, half);
	if (p->overflow)
		return;
	size_t left = p->n - branch - 2;
	if (left <= 255) {
		memmove(&p->insns[branch + 1], &p->insns[branch + 2], left * sizeof *p->insns);
		p->n--;
		p->insns[branch].jt = (uint8_t)left;
	} else {
		p->insns[branch].jf = 1;
		p->insns[branch + 1].k = (uint32_t)left;
	}
	emit_tree(p, ranges + half, n - half);
}

static bool answer_same(const struct answer *a, const struct answer *b)
{
	return !a->test && !b->test && a->plain == b->plain;
}

static size_t ranges_make(const struct answer *answers, uint32_t unnamed, struct range *ret)
{
	size_t n = 0;

	for (uint32_t number = 0; number <= CALLS_MAX; number++) {
		struct answer answer = {true, unnamed, NULL};
		if (number < CALLS_MAX && answers[number].set)
			answer = answers[number];
		if (n == 0 || !answer_same(&ret[n - 1].answer, &answer))
			ret[n++] = (struct range){number, answer};
	}
	return n;
}

int filter_compile(char letter, struct sock_filter *ret, size_t *ret_n, struct sbx_err *err)
{
	static struct answer answers[CALLS_MAX];
	static struct range ranges[CALLS_MAX + 1];
	struct program p = {.insns = ret};
	const struct rule *table = letter ? rules : fake_rules;
	size_t n_rules = letter ? ARRAY_SIZE(rules) : ARRAY_SIZE(fake_rules);
	uint32_t unnamed = letter ? ANSWER_ENOSYS : ANSWER_ALLOW;
	uint32_t arch = seccomp_arch_native(); /* the AUDIT_ARCH_* value */

	/* 32-bit machines have calls that the table does not name (socketcall, mmap2 ...). */
	if (!(arch & __AUDIT_ARCH_64BIT))
		return sbx_fail_plain(err, -ENOTSUP, "no built-in system-call filter for a 32-bit machine");
	memset(answers, 0, sizeof answers);
	for (size_t i = 0; i < n_rules; i++) {
		if (letter && !strchr(table[i].filters, letter))
			continue;
		int r = rule_apply(&table[i], answers, err);
		if (r < 0)
			return r;
	}
	emit_load(&p, offsetof(struct seccomp_data, arch));
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0);
	emit_return(&p, unnamed);
	emit_load(&p, offsetof(struct seccomp_data, nr));
	/* x32 calls come as the native machine's with bit 30 set: beyond every range, so they need no test of their
	 * own. */
	_Static_assert(X32_BIT > CALLS_MAX, "an x32 call must not be a number of the table");
	emit_tree(&p, ranges, ranges_make(answers, unnamed, ranges));
	if (p.overflow)
		return sbx_fail_plain(
			err, -EINVAL, "seccomp rules: a filter of more than %d instructions", FILTER_INSNS_MAX);
	*ret_n = p.n;
	return 0;
}
