/* SPDX-License-Identifier: Apache-2.0 */

/* Messages that name the profile's line, and small questions to a profile. */

#include <stdarg.h>
#include <stdio.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

int word_prefix(enum profile_key key, const struct profile_word *word, int code, struct sbx_err *err)
{
	const struct key_info *info = profile_key_info(key);
	_cleanup_free_ char *origin = origin_word_text(word);
	_cleanup_free_ char *text = text_escape(word->text ? word->text : "");
	return sbx_err_prefix(err, code, "%s: [%s] %s=%s", origin, info->section, info->name, text);
}

int word_fail(
	enum profile_key key, const struct profile_word *word, int code, struct sbx_err *err, const char *fmt, ...)
{
	char text[SBX_ERR_MSG_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	sbx_fail_plain(err, code, "%s", text);
	return word_prefix(key, word, code, err);
}

/* A value that no line gave has no line to name. */
int value_prefix(const struct profile *profile, enum profile_key key, int code, struct sbx_err *err)
{
	const struct profile_value *value = profile_get(profile, key);
	struct profile_word word = {.text = value->text, .origin = value->origin};
	const struct key_info *info = profile_key_info(key);
	if (value->set)
		return word_prefix(key, &word, code, err);
	return sbx_err_prefix(err, code, "[%s] %s (default %s)", info->section, info->name, info->default_text);
}

int value_fail(const struct profile *profile, enum profile_key key, int code, struct sbx_err *err, const char *fmt, ...)
{
	char text[SBX_ERR_MSG_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	sbx_fail_plain(err, code, "%s", text);
	return value_prefix(profile, key, code, err);
}

bool value_given(const struct profile *profile, enum profile_key key)
{
	const struct profile_value *value = profile_get(profile, key);
	return value->set && (value->n_words > 0 || !str_empty(value->text));
}
