/* SPDX-License-Identifier: Apache-2.0 */

/* Tables, sizes, times and JSON of the listing commands. */

#include "tool.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

void table_add(struct table *t, const char *text)
{
	strv_take(&t->cells, text_escape(text));
}

void table_addf(struct table *t, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	table_add(t, n < 0 ? "" : text);
	free(text);
}

/* width_of - in characters: UTF-8's continuation bytes take no place. */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_print(struct table *t)
{
	_cleanup_free_ int *widths = xcalloc(t->n_columns, sizeof(*widths));

	for (size_t i = 0; i < t->cells.n; i++) {
		int width = width_of(t->cells.v[i]);
		if (width > widths[i % t->n_columns])
			widths[i % t->n_columns] = width;
	}
	for (size_t i = 0; i < t->cells.n; i++) {
		size_t column = i % t->n_columns;
		bool last = column == t->n_columns - 1;
		int pad = widths[column] - width_of(t->cells.v[i]);
		if (t->right & 1u << column)
			printf("%*s%s%s", pad, "", t->cells.v[i], last ? "\n" : "  ");
		else if (last)
			printf("%s\n", t->cells.v[i]);
		else
			printf("%s%*s  ", t->cells.v[i], pad, "");
	}
	strv_clear(&t->cells);
}

char *size_text(uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.95 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1000;
		unit++;
	}
	return unit ? xasprintf("%.1f %s", value, units[unit]) : xasprintf("%llu B", (unsigned long long)bytes);
}

static char *format_time(uint64_t seconds, const char *format, struct tm *(*split)(const time_t *, struct tm *))
{
	time_t at = (time_t)seconds;
	char text[64];
	struct tm tm;

	if (seconds == 0 || !split(&at, &tm) || strftime(text, sizeof(text), format, &tm) == 0)
		return NULL;
	return xstrdup(text);
}

char *time_text(uint64_t seconds)
{
	char *text = format_time(seconds, "%Y-%m-%d %H:%M", localtime_r);

	return text ? text : xstrdup("-");
}

char *time_text_utc(uint64_t seconds)
{
	return format_time(seconds, "%Y-%m-%dT%H:%M:%SZ", gmtime_r);
}

void image_name_split(const char *name, char **ret_repository, char **ret_tag)
{
	const char *slash = name ? strrchr(name, '/') : NULL;
	const char *colon = name ? strchr(slash ? slash : name, ':') : NULL;

	*ret_repository = !name ? xstrdup("<none>") : xstrndup(name, colon ? (size_t)(colon - name) : strlen(name));
	*ret_tag = xstrdup(colon ? colon + 1 : "<none>");
}

uint64_t image_size(const struct image *image)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->n_layers; i++)
		bytes += image->layers[i].size_bytes;
	return bytes;
}

json_t *json_text(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	if (value)
		return value;
	_cleanup_free_ char *safe = text_escape(text);
	return json_string(safe);
}

json_t *json_digest(const struct digest *digest)
{
	return json_sprintf("sha256:%s", digest->hex);
}

void json_print(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}
