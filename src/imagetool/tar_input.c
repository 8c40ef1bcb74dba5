/* SPDX-License-Identifier: Apache-2.0 */
/* Names as they stand in pax headers.  Source: POSIX pax, "pax Extended Header": records "LENGTH KEY=VALUE\n". */
#include "tar_input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

#define PIECE_BYTES (256u << 10)
#define BLOCK 512
#define EXTRA_HEADERS_MAX 16 /* in front of one entry: pax, global pax, GNU long names */
#define PAX_MAX_BYTES (1u << 20)

/* Where a header has what.  Source: POSIX, ustar. */
enum { SIZE_AT = 124, SIZE_LEN = 12, TYPE_AT = 156 };

void tar_input_init(struct tar_input *in, int fd)
{
	*in = (struct tar_input){.fd = fd};
	for (int i = 0; i < 2; i++)
		in->pieces[i].bytes = xmalloc(PIECE_BYTES);
}

void tar_input_free(struct tar_input *in)
{
	for (int i = 0; i < 2; i++)
		free(in->pieces[i].bytes);
	free(in->path);
	free(in->link);
}

la_ssize_t tar_input_read(struct archive *a, void *data, const void **ret)
{
	struct tar_input *in = data;
	struct tar_piece *piece = &in->pieces[in->now ^= 1];
	ssize_t n;

	piece->n = 0;
	piece->at = in->n_bytes;
	/* A pipe gives little at a time; full pieces are what keeps an entry's headers in reach. */
	do {
		n = read(in->fd, piece->bytes + piece->n, PIECE_BYTES - piece->n);
		if (n > 0)
			piece->n += (size_t)n;
	} while ((n < 0 && errno == EINTR) || (n > 0 && piece->n < PIECE_BYTES));
	if (n < 0) {
		archive_set_error(a, errno, "read");
		return -1;
	}
	in->n_bytes += piece->n;
	*ret = piece->bytes;
	return (la_ssize_t)piece->n;
}

/* copy_out - @n bytes of the stream from @at.  False where they are out of reach. */
static bool copy_out(const struct tar_input *in, uint64_t at, char *to, size_t n)
{
	while (n > 0) {
		const struct tar_piece *piece = NULL;
		for (int i = 0; i < 2 && !piece; i++)
			if (at >= in->pieces[i].at && at - in->pieces[i].at < in->pieces[i].n)
				piece = &in->pieces[i];
		if (!piece)
			return false;
		size_t skip = (size_t)(at - piece->at), some = piece->n - skip < n ? piece->n - skip : n;
		memcpy(to, piece->bytes + skip, some);
		to += some;
		at += some;
		n -= some;
	}
	return true;
}

/* header_size - octal digits; the size of a header's own body is never so large that it is written in binary. */
static bool header_size(const char *block, size_t *ret)
{
	size_t n = 0;

	for (int i = 0; i < SIZE_LEN; i++) {
		char c = block[SIZE_AT + i];
		if (c == ' ' && n == 0)
			continue;
		if (c == ' ' || c == '\0')
			break;
		if (c < '0' || c > '7' || n > PAX_MAX_BYTES)
			return false;
		n = n * 8 + (size_t)(c - '0');
	}
	*ret = n;
	return n <= PAX_MAX_BYTES;
}

static void replace(char **to, const char *value, size_t n)
{
	free(*to);
	*to = memchr(value, '\0', n) ? NULL : xstrndup(value, n);
}

/* pax_parse - the last of a key counts; a sparse file's real name goes before the one that is there for old programs.
 */
static void pax_parse(struct tar_input *in, const char *body, size_t left)
{
	bool sparse_name = false;

	while (left > 0) {
		size_t len = 0, digits = 0;
		while (digits < left && body[digits] >= '0' && body[digits] <= '9' && len <= PAX_MAX_BYTES)
			len = len * 10 + (size_t)(body[digits++] - '0');
		if (digits == 0 || digits >= left || body[digits] != ' ' || len > left || len < digits + 2)
			return;
		const char *key = body + digits + 1, *end = body + len - 1;
		const char *equals = memchr(key, '=', (size_t)(end - key));
		if (!equals)
			return;
		size_t key_len = (size_t)(equals - key), value_len = (size_t)(end - equals - 1);
		if (key_len == 4 && memcmp(key, "path", 4) == 0 && !sparse_name)
			replace(&in->path, equals + 1, value_len);
		if (key_len == 8 && memcmp(key, "linkpath", 8) == 0)
			replace(&in->link, equals + 1, value_len);
		if (key_len == 15 && memcmp(key, "GNU.sparse.name", 15) == 0) {
			replace(&in->path, equals + 1, value_len);
			sparse_name = true;
		}
		body += len;
		left -= len;
	}
}

void tar_input_names(struct tar_input *in, int64_t position, const char **ret_path, const char **ret_link)
{
	uint64_t at = (uint64_t)position;
	char block[BLOCK];
	size_t size;

	replace(&in->path, "", 1);
	replace(&in->link, "", 1);
	*ret_path = *ret_link = NULL;
	for (int i = 0; i < EXTRA_HEADERS_MAX && copy_out(in, at, block, BLOCK); i++) {
		char type = block[TYPE_AT];
		if (!strchr("xgLKX", type) || !type || !header_size(block, &size))
			break;
		if (type == 'x' || type == 'X') {
			_cleanup_free_ char *body = xmalloc(size + 1);
			if (!copy_out(in, at + BLOCK, body, size))
				break;
			pax_parse(in, body, size);
		}
		at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
	}
	*ret_path = in->path;
	*ret_link = in->link;
}
