/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The program sbx-image: one function a command, and what they print with.
 *
 * sbx has checked the words and passes them on in one form: options as "--name" or "--name=value", "--", operands.
 * A command prints its result on standard output and its errors through tool_fail; it returns the exit status. */

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "sbx/err.h"
#include "sbx/image.h"
#include "sbx/strv.h"

enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

/* argv[0] is the command's word. */
int tool_import(int argc, char **argv); /* import.c: SOURCE [NAME] */
int tool_unpack(int argc, char **argv); /* unpack.c: for sbx run alone */
int tool_ls(int argc, char **argv);
int tool_inspect(int argc, char **argv);
int tool_history(int argc, char **argv);
int tool_tree(int argc, char **argv);
int tool_files(int argc, char **argv);
int tool_tag(int argc, char **argv);
int tool_rm(int argc, char **argv);
int tool_prune(int argc, char **argv);
int tool_verify(int argc, char **argv);

/* tool_fail - print "sbx: MESSAGE" on standard error, one line, control characters escaped.  Returns TOOL_FAILED. */
int tool_fail(const struct sbx_err *err);
/* tool_usage - the same for wrong words.  Returns TOOL_USAGE. */
int tool_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The options that the listing commands share; a command names those it takes. */
struct tool_options {
	bool json, quiet, no_trunc, force;
};
enum { OPT_FORMAT = 1, OPT_QUIET = 2, OPT_NO_TRUNC = 4, OPT_FORCE = 8 };
/* tool_parse - go through the options.  @allowed: OPT_* bits.  @min, @max: how many operands.
 * Returns the index of the first operand, or -1 where an error was printed (the command returns TOOL_USAGE). */
int tool_parse(int argc, char **argv, unsigned allowed, int min, int max, struct tool_options *ret);

/* tool_find - an image for the command line: any platform that the store has of it, this machine's first.
 * -ENOENT not there. */
int tool_find(const struct image_store *store, const char *text, struct image **ret, struct sbx_err *err);

/* A table: the first row is the head.  Cells are escaped when they are added. */
struct table {
	size_t n_columns;
	unsigned right;    /* bit i: column i is aligned to the right */
	struct strv cells; /* row by row */
};
void table_add(struct table *t, const char *text);
void table_addf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* table_print - columns aligned, two blanks between; frees the table. */
void table_print(struct table *t);

char *size_text(uint64_t bytes);       /* "12.3 MB", thousands as docker has them; new */
char *time_text(uint64_t seconds);     /* "2024-01-31 12:00" in local time, "-" for 0; new */
char *time_text_utc(uint64_t seconds); /* RFC 3339, NULL for 0; new */
/* image_name_split - "debian:12" as "debian" and "12"; "<none>" for what is not there.  Both new. */
void image_name_split(const char *name, char **ret_repository, char **ret_tag);
uint64_t image_size(const struct image *image); /* of all its layers as they are stored */

/* json_text - a string; NULL as null; invalid UTF-8 escaped.  New reference. */
json_t *json_text(const char *text);
json_t *json_digest(const struct digest *digest); /* "sha256:HEX" */
/* json_print - on standard output, indented; takes the reference. */
void json_print(json_t *value);
