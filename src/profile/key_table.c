/* SPDX-License-Identifier: Apache-2.0 */

/* The key table: keys.def made into data, and what finds a row in it. */

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "table.h"

/* The columns of keys.def.
 * NOW, LATER: whether the machinery behind the key is in this build.  LATER keys are read and checked all the same;
 * unsupported.c makes `run` refuse them, and also single values of NOW keys.
 * DEFAULT: shown and parsed.  DEFAULT_TEXT: only shown, for what is decided later (by the image, the host).
 * DEFAULT_BOTH: parsed, and shown in other words. */
#define NOW true
#define LATER false
#define NO_ALIAS                              \
	.info.aliases = (const char *const[]) \
	{                                     \
		NULL                          \
	}
#define ALIAS(...)                            \
	.info.aliases = (const char *const[]) \
	{                                     \
		__VA_ARGS__, NULL             \
	}
#define ANY .check = NULL
#define CHECK(function) .check = function
#define PAIRS(function) .check = function, .pairs = true
#define RANGE(least, most) .has_range = true, .min = least, .max = most
#define RANGE_CHECK(least, most, function) .has_range = true, .min = least, .max = most, .check = function
#define CHOICES(...)                          \
	.info.choices = (const char *const[]) \
	{                                     \
		__VA_ARGS__, NULL             \
	}
#define NO_DEFAULT .info.default_text = ""
#define DEFAULT(text) .info.default_text = text, .default_value = text
#define DEFAULT_TEXT(text) .info.default_text = text
#define DEFAULT_BOTH(value, text) .info.default_text = text, .default_value = value

#define KEY(in_section, key_name, aliases_, type_, expand_, rule, default_, is_supported, help_text) \
	[KEY_##in_section##_##key_name] = {.info.section = #in_section,                              \
		.info.name = #key_name,                                                              \
		.info.type = type_,                                                                  \
		.info.supported = is_supported,                                                      \
		.info.help = help_text,                                                              \
		.expand = expand_,                                                                   \
		aliases_,                                                                            \
		rule,                                                                                \
		default_},

static const struct key_row rows[PROFILE_N_KEYS] = {
#include "sbx/keys.def"
};

const struct key_row *key_row(enum profile_key key)
{
	return &rows[key];
}

const struct key_info *profile_key_info(enum profile_key key)
{
	return &rows[key].info;
}

static bool row_is_named(const struct key_row *row, const char *name)
{
	if (strcasecmp(row->info.name, name) == 0)
		return true;
	for (const char *const *alias = row->info.aliases; *alias; alias++) {
		if (strcasecmp(*alias, name) == 0)
			return true;
	}
	return false;
}

int profile_key_find(const char *section, const char *name)
{
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		if (strcasecmp(rows[i].info.section, section) == 0 && row_is_named(&rows[i], name))
			return i;
	}
	return -1;
}

const char *section_find(const char *name)
{
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		if (strcasecmp(rows[i].info.section, name) == 0)
			return rows[i].info.section;
	}
	return NULL;
}

const char *section_nearest(const char *name)
{
	const char *sections[PROFILE_N_KEYS];
	for (int i = 0; i < PROFILE_N_KEYS; i++)
		sections[i] = rows[i].info.section;
	return str_nearest(name, sections, PROFILE_N_KEYS);
}

const char *key_nearest(const char *section, const char *name)
{
	const char *names[2 * PROFILE_N_KEYS];
	size_t n = 0;
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		if (strcasecmp(rows[i].info.section, section) != 0)
			continue;
		names[n++] = rows[i].info.name;
		for (const char *const *alias = rows[i].info.aliases; *alias && n < ARRAY_SIZE(names); alias++)
			names[n++] = *alias;
	}
	return str_nearest(name, names, n);
}

const char *key_elsewhere(const char *name)
{
	for (int i = 0; i < PROFILE_N_KEYS; i++) {
		if (row_is_named(&rows[i], name))
			return rows[i].info.section;
	}
	return NULL;
}
