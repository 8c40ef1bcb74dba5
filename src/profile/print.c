/* SPDX-License-Identifier: Apache-2.0 */

/* The merged profile as INI, each value with the line that gave it; or as one JSON document:
 *
 *	{"path", "name", "values": [{"section", "key", "value": text | [word...], "origins": ["file:line"...]}]} */

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include "model.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "table.h"

static bool has_words(enum profile_key key)
{
	enum key_type type = profile_key_info(key)->type;

	return type == KEY_LIST || type == KEY_COMMAND;
}

/* print_text - one text so that it comes back when it is read: everything is expanded by now, so $ is doubled, and
 * quoted where it needs it.  What no profile line can hold, a control character, is shown escaped. */
static void print_text(FILE *out, enum profile_key key, const char *text)
{
	_cleanup_free_ char *set = profile_set_literal(key, text);
	const char *written = strchr(set, '=') + 1;
	bool plain = true;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		plain = plain && *c >= 0x20 && *c != 0x7f;
	_cleanup_free_ char *safe = plain ? NULL : text_escape(written);
	fputs(plain ? written : safe, out);
}

static void print_command(FILE *out, const struct profile_value *value)
{
	_cleanup_strv_ struct strv words = {0};

	for (size_t i = 0; i < value->n_words; i++)
		strv_add(&words, value->words[i].text);
	_cleanup_free_ char *line = words_quote(&words);
	fputs(line, out);
}

static void print_value(FILE *out, enum profile_key key, const struct profile_value *value)
{
	const char *name = profile_key_info(key)->name;

	if (profile_key_info(key)->type == KEY_LIST && value->n_words > 0) {
		for (size_t i = 0; i < value->n_words; i++) {
			_cleanup_free_ char *place = origin_word_text(&value->words[i]);
			fprintf(out, "# %s\n%s=", place, name);
			print_text(out, key, value->words[i].text);
			/* pairs stand on one line */
			if (key_row(key)->pairs && ++i < value->n_words) {
				fputc(' ', out);
				print_text(out, key, value->words[i].text);
			}
			fputc('\n', out);
		}
		return;
	}
	_cleanup_free_ char *place = origin_text(value);
	fprintf(out, "# %s\n%s=", place, name);
	if (has_words(key))
		print_command(out, value);
	else if (!str_empty(value->text)) {
		_cleanup_free_ char *text = value_canonical(key, value);
		print_text(out, key, text);
	}
	fputc('\n', out);
}

void profile_print(const struct profile *p, FILE *out)
{
	const char *section = "";

	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		const struct key_info *info = profile_key_info((enum profile_key)i);
		if (!p->values[i].set)
			continue;
		if (!str_eq(section, info->section))
			fprintf(out, "%s[%s]\n", *section ? "\n" : "", info->section);
		section = info->section;
		print_value(out, (enum profile_key)i, &p->values[i]);
	}
}

static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);

	if (json)
		return json;
	_cleanup_free_ char *safe = text_escape(text); /* no UTF-8 */
	return json_string(safe);
}

static json_t *value_json(enum profile_key key, const struct profile_value *value)
{
	json_t *object = json_object(), *origins = json_array();

	json_object_set_new(object, "section", json_string(profile_key_info(key)->section));
	json_object_set_new(object, "key", json_string(profile_key_info(key)->name));
	if (has_words(key)) {
		json_t *words = json_array();
		for (size_t i = 0; i < value->n_words; i++) {
			_cleanup_free_ char *place = origin_word_text(&value->words[i]);
			json_array_append_new(words, text_json(value->words[i].text));
			json_array_append_new(origins, text_json(place));
		}
		json_object_set_new(object, "value", words);
	} else {
		_cleanup_free_ char *place = origin_text(value), *text = value_canonical(key, value);
		json_object_set_new(object, "value", text_json(text));
		json_array_append_new(origins, text_json(place));
	}
	json_object_set_new(object, "origins", origins);
	return object;
}

int profile_print_json(const struct profile *p, FILE *out)
{
	json_t *root = json_object(), *values = json_array();

	json_object_set_new(root, "path", text_json(p->path));
	json_object_set_new(root, "name", text_json(p->name));
	for (int i = 0; i < PROFILE_N_KEYS; i++)
		if (p->values[i].set)
			json_array_append_new(values, value_json((enum profile_key)i, &p->values[i]));
	json_object_set_new(root, "values", values);
	int r = json_dumpf(root, out, JSON_INDENT(2));
	json_decref(root);
	return r < 0 || fputc('\n', out) == EOF ? -EIO : 0;
}
