/* SPDX-License-Identifier: Apache-2.0 */

/* From a line's text to a value: split, expanded, read after the key's type, checked by the key's rule. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "expand.h"
#include "model.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/path.h"
#include "sbx/str.h"
#include "table.h"

static const char *const expected_of[] = {
	[KEY_BOOL] = "yes or no",
	[KEY_INT] = "a number",
	[KEY_MODE] = "octal digits",
	[KEY_PERCENT] = "a percentage, 150%",
	[KEY_SIZE] = "bytes, or a number with K, M, G or T",
	[KEY_TIME] = "seconds, or a number with ms, s, min, h or d",
	[KEY_SIGNAL] = "a signal, SIGTERM",
	[KEY_INSIDE] = "a path that begins with /",
};

static void words_clear(struct profile_value *value)
{
	for (size_t i = 0; i < value->n_words; i++)
		free(value->words[i].text);
	free(value->words);
	value->words = NULL;
	value->n_words = 0;
}

void values_free(struct profile *p)
{
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		free(p->values[i].text);
		words_clear(&p->values[i]);
	}
}

static int parse_int(const char *text, int64_t *ret)
{
	uint64_t n;
	bool negative = text[0] == '-';
	int r = parse_u64(text + (negative || text[0] == '+'), INT64_MAX, &n);

	if (r == 0)
		*ret = negative ? -(int64_t)n : (int64_t)n;
	return r;
}

/* parse_hundredths - decimal digits with at most @places behind a point, as a whole number of them. */
static int parse_hundredths(const char *text, unsigned places, int64_t *ret)
{
	const char *point = strchr(text, '.');
	_cleanup_free_ char *whole = xstrndup(text, point ? (size_t)(point - text) : strlen(text));
	uint64_t n, fraction = 0, scale = 1;

	for (unsigned i = 0; i < places; i++)
		scale *= 10;
	if (parse_u64(whole, (uint64_t)INT32_MAX, &n) < 0)
		return -EINVAL;
	if (point) {
		size_t len = strlen(point + 1);
		if (len == 0 || len > places || parse_u64(point + 1, scale, &fraction) < 0)
			return -EINVAL;
		for (; len < places; len++)
			fraction *= 10;
	}
	*ret = (int64_t)(n * scale + fraction);
	return 0;
}

/* parse_percent - "150%"; by the alias CPUs "1.5", a number of processors. */
static int parse_percent(const char *text, bool by_alias, int64_t *ret)
{
	size_t len = strlen(text);

	if (by_alias)
		return parse_hundredths(text, 4, ret);
	if (len == 0 || text[len - 1] != '%')
		return -EINVAL;
	_cleanup_free_ char *number = xstrndup(text, len - 1);
	return parse_hundredths(number, 2, ret);
}

static int choice_index(const struct key_info *info, const char *text)
{
	for (int i = 0; info->choices && info->choices[i]; i++)
		if (strcasecmp(info->choices[i], text) == 0)
			return i;
	return -1;
}

/* number_parse - the num of a scalar's text.  -EINVAL where it is not of the type. */
static int number_parse(const struct key_row *row, const char *text, bool by_alias, int64_t *ret)
{
	uint64_t u = 0;
	uint32_t mode;
	bool yes;
	int sig, r = 0;

	*ret = 0;
	switch (row->info.type) {
	case KEY_BOOL:
		if ((r = parse_bool(text, &yes)) == 0)
			*ret = yes;
		return r;
	case KEY_INT:
		return parse_int(text, ret);
	case KEY_MODE:
		if ((r = parse_octal(text, 07777, &mode)) == 0)
			*ret = mode;
		return r;
	case KEY_PERCENT:
		return parse_percent(text, by_alias, ret);
	case KEY_SIZE:
	case KEY_TIME:
		r = row->info.type == KEY_SIZE ? parse_size(text, &u) : parse_time_ms(text, &u);
		if (r == 0 && u > INT64_MAX)
			r = -ERANGE;
		*ret = (int64_t)u;
		return r;
	case KEY_SIGNAL:
		if ((r = parse_signal(text, &sig)) == 0)
			*ret = sig;
		return r;
	case KEY_ENUM:
		*ret = choice_index(&row->info, text);
		return *ret < 0 ? -EINVAL : 0;
	case KEY_INSIDE:
		return text[0] == '/' ? 0 : -EINVAL;
	default:
		return 0;
	}
}

static char *choices_text(const struct key_info *info)
{
	struct strbuf out = {0};

	for (size_t i = 0; info->choices[i]; i++)
		strbuf_addf(&out, "%s%s", i == 0 ? "" : info->choices[i + 1] ? ", " : " or ", info->choices[i]);
	return strbuf_steal(&out);
}

static bool wrong(const struct assignment *a, struct strv *problems, const char *text, const char *why)
{
	_cleanup_free_ char *shown = value_shown(text);

	problem_add(problems, a->source, a->line, (int)a->key, "%s: %s", shown, why);
	return false;
}

static bool wrong_choice(
	const struct assignment *a, struct strv *problems, const struct key_info *info, const char *text)
{
	_cleanup_free_ char *choices = choices_text(info);
	size_t n = 0;

	while (info->choices[n])
		n++;
	const char *near = str_nearest(text, info->choices, n);
	_cleanup_free_ char *why =
		near ? xasprintf("expected %s; did you mean %s?", choices, near) : xasprintf("expected %s", choices);
	return wrong(a, problems, text, why);
}

static struct expand_context context_of(const struct profile *p, const struct assignment *a)
{
	return (struct expand_context){.profile_dir = a->source->dir, .sandbox_name = p->name};
}

/* word_check - one word of a list by the key's rule. */
static bool word_check(
	const struct key_row *row, const struct assignment *a, const char *word, bool checked, struct strv *problems)
{
	struct sbx_err err = {0};

	if (row->info.choices && choice_index(&row->info, word) < 0)
		return wrong_choice(a, problems, &row->info, word);
	if (checked && row->check && row->check(a->key, word, &err) < 0)
		return wrong(a, problems, word, err.msg);
	return true;
}

static void word_add(struct profile_value *value, char *text, const struct assignment *a)
{
	value->words = xrealloc(value->words, value->n_words + 1, sizeof value->words[0]);
	value->words[value->n_words++] = (struct profile_word){
		.text = text,
		.origin = {.file = a->source->file, .line = a->line},
	};
}

/* words_apply - a list or a command line. */
static bool words_apply(struct profile *p, const struct key_row *row, const struct assignment *a, struct strv *problems)
{
	struct profile_value *value = &p->values[a->key];
	const struct expand_context context = context_of(p, a);
	_cleanup_strv_ struct strv words = {0};
	struct sbx_err err = {0};
	bool good = true, is_list = row->info.type == KEY_LIST;

	if (words_split(a->value, &words, &err) < 0)
		return wrong(a, problems, a->value, err.msg);
	if (row->pairs && words.n % 2)
		return wrong(a, problems, a->value, "a word without its second; expected DEVICE_OR_PATH VALUE");
	if (!is_list || words.n == 0)
		words_clear(value);
	for (size_t i = 0; i < words.n; i++) {
		bool second = row->pairs && i % 2 == 1;
		char *text = NULL;
		if (expand_word(&context, second ? EXPAND_NOTHING : row->expand, words.v[i], &text, &err) < 0) {
			good = wrong(a, problems, words.v[i], err.msg);
			continue;
		}
		if (is_list && !word_check(row, a, text, !row->pairs || second, problems))
			good = false;
		word_add(value, text, a);
	}
	return good;
}

int scalar_text(const char *value, char **ret, struct sbx_err *err)
{
	_cleanup_strv_ struct strv words = {0};
	int r = strpbrk(value, "'\"\\") ? words_split(value, &words, err) : 0;

	if (r == 0)
		*ret = xstrdup(words.n == 1 ? words.v[0] : value);
	return r;
}

static bool range_check(
	const struct key_row *row, const struct assignment *a, const char *text, int64_t num, struct strv *problems)
{
	if (!row->has_range || (num >= row->min && num <= row->max))
		return true;
	_cleanup_free_ char *why = NULL;
	if (row->info.type == KEY_MODE || row->info.type == KEY_PERCENT)
		why = xasprintf("out of range; expected %s", row->info.help);
	else if (row->max == INT64_MAX)
		why = xasprintf("out of range; expected %lld or more", (long long)row->min);
	else
		why = xasprintf("out of range; expected %lld to %lld", (long long)row->min, (long long)row->max);
	return wrong(a, problems, text, why);
}

static bool scalar_apply(
	struct profile *p, const struct key_row *row, const struct assignment *a, struct strv *problems)
{
	struct profile_value *value = &p->values[a->key];
	const struct expand_context context = context_of(p, a);
	_cleanup_free_ char *raw = NULL, *text = NULL;
	struct sbx_err err = {0};
	int64_t num;

	if (scalar_text(a->value, &raw, &err) < 0)
		return wrong(a, problems, a->value, err.msg);
	if (!*raw) {
		free(value->text);
		value->text = xstrdup("");
		return true;
	}
	if (expand_word(&context, row->expand, raw, &text, &err) < 0)
		return wrong(a, problems, raw, err.msg);
	if (number_parse(row, text, a->by_alias, &num) < 0) {
		if (row->info.type == KEY_ENUM)
			return wrong_choice(a, problems, &row->info, text);
		const char *what = row->info.type == KEY_PERCENT && a->by_alias ? "a number of processors, 1.5"
										: expected_of[row->info.type];
		_cleanup_free_ char *why = xasprintf("expected %s", what);
		return wrong(a, problems, text, why);
	}
	if (!range_check(row, a, text, num, problems))
		return false;
	if (row->check && row->check(a->key, text, &err) < 0)
		return wrong(a, problems, text, err.msg);
	free(value->text);
	value->text = row->info.type == KEY_INSIDE ? path_clean(text) : steal_ptr(text);
	value->num = num;
	return true;
}

bool assignment_apply(struct profile *p, const struct assignment *a, struct strv *problems)
{
	const struct key_row *row = key_row(a->key);
	struct profile_value *value = &p->values[a->key];
	bool has_words = row->info.type == KEY_LIST || row->info.type == KEY_COMMAND;

	value->set = true;
	value->origin = (struct origin){.file = a->source->file, .line = a->line};
	return has_words ? words_apply(p, row, a, problems) : scalar_apply(p, row, a, problems);
}

void values_default(struct profile *p)
{
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct key_row *row = key_row((enum profile_key)i);
		struct profile_value *value = &p->values[i];
		if (value->set && !str_empty(value->text))
			continue;
		value->num = 0;
		/* A default that is not of its type is caught by the unit test that goes through the table. */
		if (row->default_value)
			number_parse(row, row->default_value, false, &value->num);
	}
}

char *value_canonical(enum profile_key key, const struct profile_value *value)
{
	const struct key_info *info = profile_key_info(key);

	if (str_empty(value->text))
		return xstrdup("");
	if (info->type == KEY_BOOL)
		return xstrdup(value->num ? "yes" : "no");
	if (info->type == KEY_PERCENT)
		return xasprintf("%lld.%02lld%%", (long long)(value->num / 100), (long long)(value->num % 100));
	return xstrdup(info->type == KEY_ENUM ? info->choices[value->num] : value->text);
}
