/* SPDX-License-Identifier: Apache-2.0 */

/* Strict, bounded JSON. */

#include "json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

int json_bad(struct sbx_err *err, const char *what, const char *fmt, ...)
{
	char text[SBX_ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	_cleanup_free_ char *safe = text_escape(text);
	return sbx_fail_plain(err, -EBADMSG, "%s %s", what, safe);
}

/* depth_of - the deepest nesting, by brackets outside strings.  jansson's own limit (2048) is fixed when it is built,
 * and its recursion has spent the stack by then.  What is no JSON at all is jansson's to refuse. */
static unsigned depth_of(const char *bytes, size_t n)
{
	unsigned depth = 0, deepest = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!in_string && (c == '}' || c == ']') && depth > 0)
			depth--;
	}
	return deepest;
}

json_t *json_load_bounded(const char *bytes, size_t n, const char *what, struct sbx_err *err)
{
	json_error_t error;

	if (n > IMAGE_JSON_MAX_BYTES) {
		json_bad(err, what, "has %zu bytes, more than the %u allowed", n, IMAGE_JSON_MAX_BYTES);
		return NULL;
	}
	if (depth_of(bytes, n) > IMAGE_JSON_MAX_DEPTH) {
		json_bad(err, what, "is nested more than %d deep", IMAGE_JSON_MAX_DEPTH);
		return NULL;
	}
	json_t *root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		json_bad(err, what, "is not valid JSON: line %d: %s", error.line, error.text);
	return root;
}

/* get - @key's value where it is there and not null. */
static json_t *get(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

int json_get_string(const json_t *object, const char *key, const char *what, const char **ret, struct sbx_err *err)
{
	const json_t *value = get(object, key);

	if (value && !json_is_string(value))
		return json_bad(err, what, "is wrong: \"%s\" is not a string", key);
	*ret = json_string_value(value);
	return 0;
}

int json_get_object(const json_t *object, const char *key, const char *what, json_t **ret, struct sbx_err *err)
{
	*ret = get(object, key);
	if (*ret && !json_is_object(*ret))
		return json_bad(err, what, "is wrong: \"%s\" is not an object", key);
	return 0;
}

int json_get_array(const json_t *object, const char *key, const char *what, json_t **ret, struct sbx_err *err)
{
	*ret = get(object, key);
	if (*ret && !json_is_array(*ret))
		return json_bad(err, what, "is wrong: \"%s\" is not a list", key);
	return 0;
}

int json_get_strings(const json_t *object, const char *key, const char *what, struct strv *ret, struct sbx_err *err)
{
	json_t *array, *value;
	size_t i;
	int r = json_get_array(object, key, what, &array, err);

	if (r < 0)
		return r;
	json_array_foreach(array, i, value)
	{
		if (!json_is_string(value))
			return json_bad(err, what, "is wrong: \"%s\" holds what is not a string", key);
		strv_add(ret, json_string_value(value));
	}
	return 0;
}

int json_check_schema(const json_t *object, const char *what, struct sbx_err *err)
{
	const json_t *version = json_object_get(object, "schemaVersion");

	if (!json_is_object(object))
		return json_bad(err, what, "is not a JSON object");
	if (json_is_integer(version) && json_integer_value(version) == 1)
		return json_bad(err, what,
			"is of Docker's old schema 1, which names no configuration; push the image again with a "
			"current Docker");
	if (!json_is_integer(version) || json_integer_value(version) != 2)
		return json_bad(err, what, "is wrong: \"schemaVersion\" is not 2");
	return 0;
}
