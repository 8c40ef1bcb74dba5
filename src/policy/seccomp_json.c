/* SPDX-License-Identifier: Apache-2.0 */

/* Docker's seccomp JSON, as Docker, podman and the OCI runtime specification write it, into rules.  Strict: a key that
 * is not understood could have been a restriction.  Source: github.com/moby/profiles/seccomp; OCI runtime-spec,
 * config-linux.md, "Seccomp". */

#include "seccomp_json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "seccomp_json_words.h"

#define ERRNO_MAX 4095 /* MAX_ERRNO of the kernel: more is cut to it */

struct reader {
	const char *file;
	uint64_t caps;
	size_t n_names; /* so far, in all rules */
	struct seccomp_rules *out;
	struct sbx_err *err;
};

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

/* want - @value has the type; the message names @where: "syscalls[3].action". */
static int want(struct reader *r, const json_t *value, json_type type, const char *type_name, const char *where)
{
	if (value && json_typeof(value) == type)
		return 0;
	return sbx_fail_plain(r->err, -EINVAL, "%s: \"%s\" %s %s", r->file, where,
		value ? "must be" : "is missing, it must be", type_name);
}

/* known_keys - every key of @object stands in @keys (blanks between them). */
static int known_keys(struct reader *r, json_t *object, const char *keys, const char *where)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (seccomp_word_in(keys, key))
			continue;
		_cleanup_free_ char *shown = text_escape(key);
		return sbx_fail_plain(r->err, -EINVAL, "%s: %s%s\"%.100s\" is not known or not supported here", r->file,
			where, *where ? ": " : "", shown);
	}
	return 0;
}

static bool absent(const json_t *value)
{
	return !value || json_is_null(value);
}

static int bad_word(struct reader *r, const char *what, const char *word, const char *where)
{
	_cleanup_free_ char *shown = text_escape(word);
	return sbx_fail_plain(r->err, -EINVAL, "%s: %s: no %s is named '%.100s'", r->file, where, what, shown);
}

/* read_errno - the number in @number (an integer) or the name in @name; EPERM where neither is there. */
static int read_errno(struct reader *r, const json_t *number, const json_t *name, const char *where, uint16_t *ret)
{
	*ret = EPERM;
	if (!absent(number)) {
		if (want(r, number, JSON_INTEGER, "a number", where) < 0)
			return -EINVAL;
		json_int_t n = json_integer_value(number);
		if (n < 0 || n > ERRNO_MAX)
			return sbx_fail_plain(
				r->err, -EINVAL, "%s: \"%s\" must be from 0 to %d", r->file, where, ERRNO_MAX);
		*ret = (uint16_t)n;
	}
	if (!absent(name)) {
		if (want(r, name, JSON_STRING, "the name of an error", where) < 0)
			return -EINVAL;
		const char *word = json_string_value(name);
		int code = seccomp_errno_parse(word);
		if (code < 0 && *word) /* podman writes "" for none */
			return bad_word(r, "error", word, where);
		if (code >= 0 && !absent(number) && code != *ret)
			return sbx_fail_plain(
				r->err, -EINVAL, "%s: \"%s\": the number and the name are two errors", r->file, where);
		if (code >= 0)
			*ret = (uint16_t)code;
	}
	return 0;
}

static int read_action(struct reader *r, const json_t *value, const json_t *number, const json_t *name,
	const char *where, uint32_t *ret)
{
	uint16_t code;

	if (want(r, value, JSON_STRING, "an action such as \"SCMP_ACT_ALLOW\"", where) < 0)
		return -EINVAL;
	const char *word = json_string_value(value);
	if (str_eq(word, "SCMP_ACT_NOTIFY"))
		return sbx_fail_plain(r->err, -EINVAL,
			"%s: %s: SCMP_ACT_NOTIFY needs a listening program, which sbx does not have", r->file, where);
	if (seccomp_action_parse(word, ret) < 0)
		return bad_word(r, "action", word, where);
	int code_r = read_errno(r, number, name, where, &code);
	if (code_r < 0)
		return code_r;
	if (*ret == SCMP_ACT_ERRNO(0) || *ret == SCMP_ACT_TRACE(0))
		*ret |= code;
	return 0;
}

static int arch_add(struct reader *r, const json_t *value, const char *where)
{
	uint32_t arch;

	if (want(r, value, JSON_STRING, "an architecture such as \"SCMP_ARCH_X86_64\"", where) < 0)
		return -EINVAL;
	const char *word = json_string_value(value);
	if (seccomp_arch_parse(word, &arch) < 0)
		return bad_word(r, "architecture", word, where);
	if (arch == seccomp_arch_native())
		return 0;
	for (size_t i = 0; i < r->out->n_archs; i++)
		if (r->out->archs[i] == arch)
			return 0;
	r->out->archs = xrealloc(r->out->archs, r->out->n_archs + 1, sizeof *r->out->archs);
	r->out->archs[r->out->n_archs++] = arch;
	return 0;
}

/* read_archs - the foreign ABIs that the filter speaks about; those of other machines in archMap are of no interest. */
static int read_archs(struct reader *r, const json_t *root)
{
	const json_t *list = json_object_get(root, "architectures"), *map = json_object_get(root, "archMap");
	size_t i, j;
	json_t *entry, *sub;

	if (!absent(list) && want(r, list, JSON_ARRAY, "a list", "architectures") < 0)
		return -EINVAL;
	json_array_foreach(list, i, entry)
	{
		if (arch_add(r, entry, "architectures") < 0)
			return -EINVAL;
	}
	if (!absent(map) && want(r, map, JSON_ARRAY, "a list", "archMap") < 0)
		return -EINVAL;
	json_array_foreach(map, i, entry)
	{
		uint32_t arch;
		char where[64];
		snprintf(where, sizeof where, "archMap[%zu]", i);
		if (want(r, entry, JSON_OBJECT, "an object", where) < 0 ||
			known_keys(r, entry, "architecture subArchitectures", where) < 0)
			return -EINVAL;
		const json_t *name = json_object_get(entry, "architecture"),
			     *subs = json_object_get(entry, "subArchitectures");
		if (want(r, name, JSON_STRING, "an architecture", where) < 0)
			return -EINVAL;
		if (seccomp_arch_parse(json_string_value(name), &arch) < 0)
			return bad_word(r, "architecture", json_string_value(name), where);
		if (!absent(subs) && want(r, subs, JSON_ARRAY, "a list", where) < 0)
			return -EINVAL;
		if (arch != seccomp_arch_native())
			continue;
		json_array_foreach(subs, j, sub)
		{
			if (arch_add(r, sub, where) < 0)
				return -EINVAL;
		}
	}
	return 0;
}

static int read_number(
	struct reader *r, const json_t *arg, const char *key, bool needed, const char *where, uint64_t *ret)
{
	const json_t *value = json_object_get(arg, key);

	*ret = 0;
	if (absent(value) && !needed)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return sbx_fail_plain(r->err, -EINVAL, "%s: %s: \"%s\" must be a number from 0 to %" PRId64, r->file,
			where, key, INT64_MAX);
	*ret = (uint64_t)json_integer_value(value);
	return 0;
}

static int read_arg(struct reader *r, json_t *value, const char *where, struct seccomp_arg *ret)
{
	uint64_t index;

	if (want(r, value, JSON_OBJECT, "an object", where) < 0 ||
		known_keys(r, value, "index value valueTwo op", where) < 0 ||
		read_number(r, value, "index", true, where, &index) < 0 ||
		read_number(r, value, "value", true, where, &ret->value) < 0 ||
		read_number(r, value, "valueTwo", false, where, &ret->value_two) < 0)
		return -EINVAL;
	if (index >= SECCOMP_ARGS)
		return sbx_fail_plain(r->err, -EINVAL, "%s: %s: a system call has arguments 0 to 5, not %" PRIu64,
			r->file, where, index);
	const json_t *op = json_object_get(value, "op");
	if (want(r, op, JSON_STRING, "a comparison such as \"SCMP_CMP_EQ\"", where) < 0)
		return -EINVAL;
	if (seccomp_compare_parse(json_string_value(op), &ret->op) < 0)
		return bad_word(r, "comparison", json_string_value(op), where);
	ret->index = (unsigned)index;
	return 0;
}

static int read_names(struct reader *r, const json_t *entry, const char *where, struct strv *ret)
{
	const json_t *one = json_object_get(entry, "name"), *list = json_object_get(entry, "names");
	size_t i;
	json_t *name;

	if (!absent(one)) {
		if (want(r, one, JSON_STRING, "a system call's name", where) < 0)
			return -EINVAL;
		strv_add(ret, json_string_value(one));
	}
	if (!absent(list) && want(r, list, JSON_ARRAY, "a list of system calls", where) < 0)
		return -EINVAL;
	json_array_foreach(list, i, name)
	{
		if (want(r, name, JSON_STRING, "a system call's name", where) < 0)
			return -EINVAL;
		if (++r->n_names > SECCOMP_NAMES_MAX)
			return sbx_fail_plain(r->err, -EINVAL, "%s: more than %d names", r->file, SECCOMP_NAMES_MAX);
		strv_add(ret, json_string_value(name));
	}
	if (ret->n == 0)
		return sbx_fail_plain(r->err, -EINVAL, "%s: %s: a rule without \"names\"", r->file, where);
	return 0;
}

/* read_fit - whether @filter ("includes" or "excludes") holds: every condition in it (@all) or any. Absent: *ret is
 * @all. */
static int read_fit(struct reader *r, json_t *filter, bool all, const char *where, bool *ret)
{
	size_t i;
	json_t *word;

	*ret = all;
	if (absent(filter))
		return 0;
	if (want(r, filter, JSON_OBJECT, "an object", where) < 0 ||
		known_keys(r, filter, "caps arches minKernel", where) < 0)
		return -EINVAL;
	const json_t *caps = json_object_get(filter, "caps"), *arches = json_object_get(filter, "arches");
	const json_t *kernel = json_object_get(filter, "minKernel");
	if ((!absent(caps) && want(r, caps, JSON_ARRAY, "a list", where) < 0) ||
		(!absent(arches) && want(r, arches, JSON_ARRAY, "a list", where) < 0))
		return -EINVAL;
	json_array_foreach(caps, i, word)
	{
		int cap;
		if (want(r, word, JSON_STRING, "a capability", where) < 0)
			return -EINVAL;
		if (cap_parse(json_string_value(word), &cap) < 0)
			return bad_word(r, "capability", json_string_value(word), where);
		bool has = r->caps >> cap & 1;
		*ret = all ? *ret && has : *ret || has;
	}
	bool arch_fits = false;
	json_array_foreach(arches, i, word)
	{
		if (want(r, word, JSON_STRING, "an architecture", where) < 0)
			return -EINVAL;
		arch_fits = arch_fits || seccomp_goarch_is_native(json_string_value(word));
	}
	if (json_array_size(arches) > 0)
		*ret = all ? *ret && arch_fits : *ret || arch_fits;
	if (!absent(kernel) && !str_eq(json_string_value(kernel), "")) {
		int fits = json_is_string(kernel) ? seccomp_kernel_at_least(json_string_value(kernel)) : -EINVAL;
		if (fits < 0)
			return sbx_fail_plain(r->err, -EINVAL,
				"%s: %s: \"minKernel\" must be a version such as \"4.8\"", r->file, where);
		*ret = all ? *ret && fits : *ret || fits;
	}
	return 0;
}

static int read_rule(struct reader *r, size_t index, json_t *entry)
{
	static const char keys[] = "name names action errnoRet errno args comment includes excludes";
	char where[64];
	bool included, excluded;
	size_t i;
	json_t *value;

	snprintf(where, sizeof where, "syscalls[%zu]", index);
	if (want(r, entry, JSON_OBJECT, "an object", where) < 0 || known_keys(r, entry, keys, where) < 0 ||
		read_fit(r, json_object_get(entry, "includes"), true, where, &included) < 0 ||
		read_fit(r, json_object_get(entry, "excludes"), false, where, &excluded) < 0)
		return -EINVAL;
	/* The rule is owned by the list at once, so that a failure frees it with the rest. */
	r->out->rules = xrealloc(r->out->rules, r->out->n_rules + 1, sizeof *r->out->rules);
	struct seccomp_rule *rule = &r->out->rules[r->out->n_rules++];
	*rule = (struct seccomp_rule){.index = index};
	const json_t *args = json_object_get(entry, "args");
	if (read_names(r, entry, where, &rule->names) < 0 ||
		read_action(r, json_object_get(entry, "action"), json_object_get(entry, "errnoRet"),
			json_object_get(entry, "errno"), where, &rule->action) < 0 ||
		(!absent(args) && want(r, args, JSON_ARRAY, "a list", where) < 0))
		return -EINVAL;
	if (json_array_size(args) > SECCOMP_ARGS)
		return sbx_fail_plain(
			r->err, -EINVAL, "%s: %s: more than %d comparisons", r->file, where, SECCOMP_ARGS);
	json_array_foreach(args, i, value)
	{
		if (read_arg(r, value, where, &rule->args[rule->n_args]) < 0)
			return -EINVAL;
		rule->n_args++;
	}
	if (!included || excluded) {
		strv_clear(&rule->names);
		r->out->n_rules--;
	}
	return 0;
}

static int read_root(struct reader *r, json_t *root)
{
	static const char keys[] =
		"defaultAction defaultErrnoRet defaultErrno architectures archMap syscalls flags comment";
	size_t i;
	json_t *entry;

	if (want(r, root, JSON_OBJECT, "an object", "the document") < 0 || known_keys(r, root, keys, "") < 0)
		return -EINVAL;
	const json_t *flags = json_object_get(root, "flags"), *calls = json_object_get(root, "syscalls");
	if (!absent(flags) && (!json_is_array(flags) || json_array_size(flags) > 0))
		return sbx_fail_plain(
			r->err, -EINVAL, "%s: \"flags\" are not supported: leave the list empty", r->file);
	if (read_action(r, json_object_get(root, "defaultAction"), json_object_get(root, "defaultErrnoRet"),
		    json_object_get(root, "defaultErrno"), "defaultAction", &r->out->default_action) < 0 ||
		read_archs(r, root) < 0 || (!absent(calls) && want(r, calls, JSON_ARRAY, "a list", "syscalls") < 0))
		return -EINVAL;
	json_array_foreach(calls, i, entry)
	{
		if (read_rule(r, i, entry) < 0)
			return -EINVAL;
	}
	return 0;
}

int seccomp_rules_parse(
	const char *file, const char *text, size_t len, uint64_t caps, struct seccomp_rules *ret, struct sbx_err *err)
{
	json_error_t where;
	_cleanup_(json_cleanup) json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);

	*ret = (struct seccomp_rules){0};
	if (!root)
		return sbx_fail_plain(err, -EINVAL, "%s:%d: %s", file, where.line, where.text);
	int r = read_root(&(struct reader){.file = file, .caps = caps, .out = ret, .err = err}, root);
	if (r < 0)
		seccomp_rules_free(ret);
	return r;
}

void seccomp_rules_free(struct seccomp_rules *rules)
{
	for (size_t i = 0; i < rules->n_rules; i++)
		strv_clear(&rules->rules[i].names);
	free(rules->rules);
	free(rules->archs);
	*rules = (struct seccomp_rules){0};
}
