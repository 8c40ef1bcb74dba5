/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A tar on its way into libarchive, with a second look at the names in it.
 *
 * libarchive takes the names of pax headers for UTF-8 text and brings them into normal form C, whatever the locale is
 * (archive_string.c, SCONV_NORMALIZATION_C); there is no option against it.  A Linux file name is a string of bytes:
 * two that differ only in form would become one file, and the paths in a package's lists would no longer fit. */

#include <archive.h>
#include <stdint.h>

struct tar_input {
	int fd; /* borrowed */
	/* The last two pieces that were read: an entry's headers are in there when libarchive has just read them. */
	struct tar_piece {
		char *bytes; /* owned */
		size_t n;
		uint64_t at; /* in the stream */
	} pieces[2];
	unsigned now;      /* the newer one */
	uint64_t n_bytes;  /* read so far */
	char *path, *link; /* owned: tar_input_names' results */
};

void tar_input_init(struct tar_input *in, int fd);
void tar_input_free(struct tar_input *in);
/* tar_input_read - an archive_read_callback. */
la_ssize_t tar_input_read(struct archive *a, void *data, const void **ret);
/* tar_input_names - the names in the pax header of the entry whose first header is at @position, as they stand there.
 * *ret_path, *ret_link: borrowed until the next call; NULL: not in a pax header (so libarchive has left it alone). */
void tar_input_names(struct tar_input *in, int64_t position, const char **ret_path, const char **ret_link);
