/* SPDX-License-Identifier: Apache-2.0 */

/* "Section.Key=Value" of the command line; problems as lines; what may have been meant. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "expand.h"
#include "model.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "table.h"

#define SHOWN_MAX 80

char *value_shown(const char *text)
{
	_cleanup_free_ char *cut = strlen(text) > SHOWN_MAX ? xasprintf("%.*s...", SHOWN_MAX, text) : xstrdup(text);
	_cleanup_free_ char *safe = text_escape(cut);

	return xasprintf("\"%s\"", safe);
}

/* add_place - "FILE:LINE" or "command line". */
static void add_place(struct strbuf *out, const struct source *source, unsigned line)
{
	_cleanup_free_ char *file = text_escape(source->file);

	strbuf_add(out, file);
	if (line > 0)
		strbuf_addf(out, ":%u", line);
}

void problem_add(struct strv *problems, const struct source *source, unsigned line, int key, const char *fmt, ...)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	add_place(&out, source, line);
	if (key >= 0) {
		const struct key_info *info = profile_key_info((enum profile_key)key);
		strbuf_addf(&out, ": [%s] %s", info->section, info->name);
	}
	strbuf_addf(&out, ": %s", text);
	strv_take(problems, strbuf_steal(&out));
}

void problem_unknown_section(struct strv *problems, const struct source *source, unsigned line, const char *name)
{
	const char *near = section_nearest(name);
	_cleanup_free_ char *safe = text_escape(name);

	if (near)
		problem_add(problems, source, line, -1, "[%s]: unknown section; did you mean [%s]?", safe, near);
	else
		problem_add(problems, source, line, -1,
			"[%s]: unknown section; expected one that `sbx profile keys` lists", safe);
}

void problem_unknown_key(
	struct strv *problems, const struct source *source, unsigned line, const char *section, const char *name)
{
	const char *canonical = section_find(section), *near = key_nearest(section, name);
	const char *elsewhere = key_elsewhere(name);
	_cleanup_free_ char *safe = text_escape(name);

	if (elsewhere)
		problem_add(problems, source, line, -1, "[%s] %s: unknown key; it belongs in [%s]", canonical, safe,
			elsewhere);
	else if (near)
		problem_add(
			problems, source, line, -1, "[%s] %s: unknown key; did you mean %s?", canonical, safe, near);
	else
		problem_add(problems, source, line, -1,
			"[%s] %s: unknown key; expected one that `sbx profile keys %s` lists", canonical, safe,
			canonical);
}

void assignment_add(struct assignment_list *list, const struct assignment *a)
{
	/* Room grows by doubling, as in spec_add_mount. */
	if ((list->n & (list->n - 1)) == 0)
		list->v = xrealloc(list->v, list->n ? list->n * 2 : 1, sizeof list->v[0]);
	list->v[list->n++] = *a;
}

void sets_parse(
	const struct strv *sets, const struct source *source, struct assignment_list *list, struct strv *problems)
{
	for (size_t i = 0; sets && i < sets->n; i++) {
		const char *set = sets->v[i], *equals = strchr(set, '=');
		const char *dot = equals ? memchr(set, '.', (size_t)(equals - set)) : NULL;
		if (!dot) {
			_cleanup_free_ char *shown = value_shown(set);
			problem_add(problems, source, 0, -1, "%s; expected Section.Key=Value", shown);
			continue;
		}
		_cleanup_free_ char *section = xstrndup(set, (size_t)(dot - set));
		_cleanup_free_ char *name = xstrndup(dot + 1, (size_t)(equals - dot - 1));
		int key = profile_key_find(section, name);
		if (!section_find(section)) {
			problem_unknown_section(problems, source, 0, section);
		} else if (key < 0) {
			problem_unknown_key(problems, source, 0, section, name);
		} else {
			const char *canonical = profile_key_info((enum profile_key)key)->name;
			const struct assignment a = {
				.key = (enum profile_key)key,
				.by_alias = strcasecmp(name, canonical) != 0,
				.value = xstrdup(equals + 1),
				.source = source,
			};
			assignment_add(list, &a);
		}
	}
}

char *profile_set_literal(enum profile_key key, const char *text)
{
	const struct key_row *row = key_row(key);
	/* Only what expands a $ anywhere; of a variable's assignment, what stands behind the =, and a NAME alone none.
	 */
	bool expands = row->expand != EXPAND_NOTHING && (row->expand != EXPAND_ENV || strchr(text, '=')) &&
		       (row->expand != EXPAND_SECCOMP || strchr(text, '/') || str_ends(text, ".json"));
	_cleanup_free_ char *safe = expand_protect(expands ? row->expand : EXPAND_NOTHING, text);
	struct strv words = {.v = (char *[]){safe, NULL}, .n = 1};
	_cleanup_free_ char *quoted = words_quote(&words);

	return xasprintf("%s.%s=%s", row->info.section, row->info.name, quoted);
}
