/* SPDX-License-Identifier: Apache-2.0 */

/* A profile: loaded, asked, freed. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "table.h"

#define SANDBOX_NAME_DEFAULT "sandbox"

/* name_from_file - the file's name without .ini, with what no sandbox's name may hold written as -. */
static char *name_from_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base) - (str_ends(base, ".ini") ? 4 : 0);
	char *name = xstrndup(base, len > 63 ? 63 : len);

	for (char *c = name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", *c))
			*c = '-';
	while (*name == '-' || *name == '.')
		memmove(name, name + 1, strlen(name));
	if (*name)
		return name;
	free(name);
	return xstrdup(SANDBOX_NAME_DEFAULT);
}

/* name_find - before anything is expanded, because ${SANDBOX_NAME} may stand anywhere. */
static void name_find(const struct profile_request *request, struct profile *p, const struct assignment_list *list,
	struct strv *problems)
{
	static const struct source command_line = {.file = (char *)(uintptr_t) "command line"};
	_cleanup_free_ char *unquoted = NULL;
	struct sbx_err err = {0};
	const char *name = NULL;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].key == KEY_Sandbox_Name)
			name = list->v[i].value;
	if (name && scalar_text(name, &unquoted, NULL) == 0) /* else the line is told when it is applied */
		name = unquoted;
	if (request->sandbox_name) {
		name = request->sandbox_name;
		if (check_sandbox_name(KEY_Sandbox_Name, name, &err) < 0) {
			_cleanup_free_ char *shown = value_shown(name);
			problem_add(problems, &command_line, 0, KEY_Sandbox_Name, "%s: %s", shown, err.msg);
		}
	}
	p->name_given = !str_empty(name);
	if (p->name_given)
		p->name = xstrdup(name);
	else
		p->name = request->name_or_path ? name_from_file(p->path) : xstrdup(SANDBOX_NAME_DEFAULT);
}

int profile_load(
	const struct profile_request *request, struct profile **ret, struct strv *problems, struct sbx_err *err)
{
	_cleanup_profile_ struct profile *p = xcalloc(1, sizeof *p);
	struct assignment_list list = {0};
	size_t n_before = problems->n;
	int r = sources_load(request, p, &list, problems, err);

	*ret = NULL;
	if (r == 0) {
		name_find(request, p, &list, problems);
		for (size_t i = 0; i < list.n; i++)
			assignment_apply(p, &list.v[i], problems);
		values_default(p);
	}
	for (size_t i = 0; i < list.n; i++)
		free(list.v[i].value);
	free(list.v);
	if (r < 0)
		return r;
	if (problems->n > n_before)
		return sbx_fail_plain(err, -EINVAL, "%s: %zu problem%s", p->path, problems->n - n_before,
			problems->n - n_before > 1 ? "s" : "");
	*ret = steal_ptr(p);
	return 0;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	values_free(p);
	for (size_t i = 0; i < p->n_sources; i++) {
		free(p->sources[i]->file);
		free(p->sources[i]->dir);
		free(p->sources[i]);
	}
	free(p->sources);
	free(p->path);
	free(p->name);
	free(p);
}

const struct profile_value *profile_get(const struct profile *p, enum profile_key key)
{
	return &p->values[key];
}

const char *profile_text(const struct profile *p, enum profile_key key)
{
	const struct profile_value *value = &p->values[key];

	return value->set && !str_empty(value->text) ? value->text : NULL;
}

const char *profile_path(const struct profile *p)
{
	return p->path;
}

bool profile_name_given(const struct profile *p)
{
	return p->name_given;
}

const char *profile_sandbox_name(const struct profile *p)
{
	return p->name;
}

static char *place_text(const struct origin *origin)
{
	return origin->line > 0 ? xasprintf("%s:%u", origin->file, origin->line) : xstrdup(origin->file);
}

char *origin_text(const struct profile_value *value)
{
	return value->set ? place_text(&value->origin) : xstrdup("default");
}

char *origin_word_text(const struct profile_word *word)
{
	return place_text(&word->origin);
}
