/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tars made by hand, byte by byte: also those that no program would write. */

#include <stdio.h>
#include <string.h>
#include "sbx/str.h"

struct tar {
	struct strbuf bytes;
};

static inline void tar_octal(char *field, size_t len, unsigned value)
{
	snprintf(field, len, "%0*o", (int)len - 1, value);
}

static inline size_t tar_len(const char *name)
{
	size_t n = strlen(name);
	return n < 100 ? n : 100;
}

static inline void tar_pad(struct tar *t)
{
	static const char zeros[512];
	if (t->bytes.len % 512)
		strbuf_addn(&t->bytes, zeros, 512 - t->bytes.len % 512);
}

/* tar_add - a header and @content. @type: POSIX's letter. */
static inline void tar_add(struct tar *t, char type, const char *name, const char *link, unsigned mode, unsigned id,
	const void *content, size_t n)
{
	char h[512] = {0};
	unsigned sum = 0;

	memcpy(h, name, tar_len(name));
	tar_octal(h + 100, 8, mode);
	tar_octal(h + 108, 8, id);
	tar_octal(h + 116, 8, id);
	tar_octal(h + 124, 12, (unsigned)n);
	tar_octal(h + 136, 12, 1000000000);
	h[156] = type;
	if (link)
		memcpy(h + 157, link, tar_len(link));
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	strbuf_addn(&t->bytes, h, sizeof(h));
	if (n)
		strbuf_addn(&t->bytes, content, n);
	tar_pad(t);
}

static inline void tar_file(struct tar *t, const char *name, const char *content)
{
	tar_add(t, '0', name, NULL, 0644, 0, content, strlen(content));
}

static inline void tar_dir(struct tar *t, const char *name, unsigned mode)
{
	tar_add(t, '5', name, NULL, mode, 0, NULL, 0);
}

static inline void tar_symlink(struct tar *t, const char *name, const char *target)
{
	tar_add(t, '2', name, target, 0777, 0, NULL, 0);
}

static inline void tar_hardlink(struct tar *t, const char *name, const char *target)
{
	tar_add(t, '1', name, target, 0644, 0, NULL, 0);
}

/* tar_pax - a pax header with one record, for the entry that follows. */
static inline void tar_pax(struct tar *t, const char *key, const char *value)
{
	size_t body = strlen(key) + strlen(value) + 3, len = body + 1;
	char *record;

	while (len != body + (size_t)snprintf(NULL, 0, "%zu", len))
		len++;
	record = xasprintf("%zu %s=%s\n", len, key, value);
	tar_add(t, 'x', "pax", NULL, 0644, 0, record, strlen(record));
	free(record);
}

static inline void tar_end(struct tar *t)
{
	static const char zeros[1024];
	strbuf_addn(&t->bytes, zeros, sizeof(zeros));
}
