/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A profile in the making: files, the lines they gave, and what comes of them. */

#include <sys/types.h>
#include "sbx/profile.h"

/* One file that was read, or the command line. */
struct source {
	char *file; /* as messages name it: as it was given, or "command line" */
	char *dir;  /* absolute: what relative host paths start from */
	dev_t dev;  /* with ino: the file's identity; 0 for the command line */
	ino_t ino;
	bool open; /* its includes are being read: to meet it again is a cycle */
};

/* One Key=Value line, not yet expanded or checked. */
struct assignment {
	enum profile_key key;
	bool by_alias; /* written under another name of the key */
	char *value;   /* joined, outer blanks gone */
	unsigned line;
	const struct source *source;
};

struct assignment_list {
	struct assignment *v;
	size_t n;
};

struct profile {
	struct profile_value values[PROFILE_N_KEYS];
	struct source **sources; /* pointers, because origins and assignments point at them */
	size_t n_sources;
	char *path; /* of the main file, or "command line" */
	char *name; /* of the sandbox */
	bool name_given;
};

/* problem_add - one line "FILE:LINE: [Section] Key: …". key -1: no key, the line then goes on after "FILE:LINE: ". */
void problem_add(struct strv *problems, const struct source *source, unsigned line, int key, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* value_shown - @text for a message: in double quotes, cut where it is long.  Returns new. */
char *value_shown(const char *text);

/* load.c: lines of the request's files and options into @list, in order of precedence. */
int sources_load(const struct profile_request *request, struct profile *p, struct assignment_list *list,
	struct strv *problems, struct sbx_err *err);
/* source_add - a new source, owned by the profile.  Takes @file and @dir. */
struct source *source_add(struct profile *p, char *file, char *dir);

/* assign.c: read a value by its key's rules into the profile.  false: it was wrong, and problems say why. */
bool assignment_apply(struct profile *p, const struct assignment *a, struct strv *problems);
/* values_default - num of everything that is not set. */
void values_default(struct profile *p);
void values_free(struct profile *p);
/* scalar_text - the one text of a line: quotes taken off where they make it one word, else as it is written.  *ret:
 * new.
 */
int scalar_text(const char *value, char **ret, struct sbx_err *err);
/* value_canonical - the text of a scalar as it is shown: yes or no, the choice's own spelling, a percentage also where
 * an alias has another unit, else as written.  Returns new. */
char *value_canonical(enum profile_key key, const struct profile_value *value);

/* sets.c: "Section.Key=Value" into @list. */
void sets_parse(
	const struct strv *sets, const struct source *source, struct assignment_list *list, struct strv *problems);
void assignment_add(struct assignment_list *list, const struct assignment *a); /* copies @a; takes its value */

/* unknown key of a known section; the line says what may have been meant. */
void problem_unknown_key(
	struct strv *problems, const struct source *source, unsigned line, const char *section, const char *name);
void problem_unknown_section(struct strv *problems, const struct source *source, unsigned line, const char *name);
