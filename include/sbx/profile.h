/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The profile language: one table of keys (include/sbx/keys.def), a reader, the merge, the expansion.  (src/profile) */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "sbx/err.h"
#include "sbx/strv.h"

enum profile_key {
#define KEY(section, name, ...) KEY_##section##_##name,
#include "sbx/keys.def"
#undef KEY
	PROFILE_N_KEYS
};

enum key_type {
	KEY_STRING, /* one text, quotes taken off, expanded */
	KEY_PATH,   /* a host path: ~, variables, relative to the profile's directory */
	KEY_INSIDE, /* a path inside the sandbox, absolute */
	KEY_BOOL,
	KEY_INT,     /* a range in the table */
	KEY_MODE,    /* octal digits */
	KEY_PERCENT, /* num: hundredths of a percent, 150% is 15000 */
	KEY_SIZE,    /* bytes */
	KEY_TIME,    /* milliseconds */
	KEY_SIGNAL,  /* number */
	KEY_ENUM,    /* one of the table's choices; num is its index */
	KEY_COMMAND, /* words of a command line; a later line replaces */
	KEY_LIST,    /* words; lines append */
};

/* Where a value stands. */
struct origin {
	const char *file; /* borrowed from the profile; "command line" for options */
	unsigned line;    /* 1 is the first; 0 for the command line */
};

/* One word of a list or command, or the one text of a scalar, with its origin. */
struct profile_word {
	char *text; /* split, unquoted, expanded */
	struct origin origin;
};

struct profile_value {
	bool set;    /* a line or option gave it (also an empty one: words.n == 0, text "") */
	char *text;  /* scalars: expanded text */
	int64_t num; /* BOOL 0/1, INT, MODE, PERCENT, SIZE bytes, TIME ms, SIGNAL number, ENUM index; the default
		      * where it is not set or empty */
	struct profile_word *words;
	size_t n_words;
	struct origin origin; /* of the last line that gave it */
};

struct profile; /* opaque: a merged, expanded, checked profile */

/* What to load: a file or name (or NULL: a run without a profile), then the command line in order. */
struct profile_request {
	const char *name_or_path;
	const struct strv *sets;  /* "Section.Key=Value", in order; later wins.  Borrowed. */
	const char *sandbox_name; /* --name; NULL: derived */
};

/* profile_load - find, read, merge, expand, and check a profile.
 * All problems of all files are collected: each is one line "FILE:LINE: [Section] Key: what; expected …".
 * @problems: appended to.  Returns 0 and *ret (owned: profile_free); -EINVAL where there are problems, *ret then NULL;
 * -ENOENT no such profile (err says where it was looked for); -errno.  */
int profile_load(
	const struct profile_request *request, struct profile **ret, struct strv *problems, struct sbx_err *err);
void profile_free(struct profile *p);
static inline void profile_freep(struct profile **p)
{
	profile_free(*p);
}
#define _cleanup_profile_ __attribute__((cleanup(profile_freep)))

const struct profile_value *profile_get(const struct profile *p, enum profile_key key); /* never NULL; borrowed */
static inline bool profile_is_set(const struct profile *p, enum profile_key key)
{
	return profile_get(p, key)->set;
}
const char *profile_text(const struct profile *p, enum profile_key key); /* text, or NULL where not set or empty */
const char *profile_path(const struct profile *p);                       /* the main file, "command line" without one */
const char *profile_sandbox_name(const struct profile *p);
bool profile_name_given(const struct profile *p); /* by Name= or --name; else it comes from the file's */

/* origin_text - "hello.ini:12" (path as given), "command line", or "default" where @value is not set.  Returns new. */
char *origin_text(const struct profile_value *value);
char *origin_word_text(const struct profile_word *word);

/* profile_unsupported - the keys that are set and whose machinery is not in this build.  Each problem is a line
 * "FILE:LINE: [Section] Key: not in this build yet".  Returns the number added. */
size_t profile_unsupported(const struct profile *p, struct strv *problems);

/* The key table, for `profile keys`, completion and the man page. */
struct key_info {
	const char *section, *name;
	const char *const *aliases; /* NULL-terminated */
	enum key_type type;
	const char *const *choices; /* ENUM, and LIST of fixed words: NULL-terminated; else NULL */
	const char *default_text;   /* as people read it, "" none */
	const char *help;           /* one line */
	bool supported;             /* its machinery is in this build */
};
const struct key_info *profile_key_info(enum profile_key key);
/* profile_key_find - by section and name or alias, letter case free.  -1 where there is none. */
int profile_key_find(const char *section, const char *name);

/* profile_escapes - label every grant that is an escape by nature (SECURITY.md: a container engine's socket, a writable
 * home, raw X11, an unfiltered bus ...).  @notes: one line each, "FILE:LINE: [Section] Key=VALUE: escape: why".
 * Returns the number added. */
size_t profile_escapes(const struct profile *p, struct strv *notes);

/* profile_set_literal - "Section.Key=WORD" for a profile_request's sets, written so that @text comes back as one word
 * (scalars: as the whole value), unchanged: quoted, and $ doubled where the key expands.  Returns new. */
char *profile_set_literal(enum profile_key key, const char *text);

/* profile_print - the merged profile as INI, each value with "# file:line" before it; --format json likewise. */
void profile_print(const struct profile *p, FILE *out);
int profile_print_json(const struct profile *p, FILE *out);

/* Typed words of list keys: used by the check at load and by the plan, so both read the same.  Each: 0 or -EINVAL and
 * a message that says what was expected. */
struct bind_arg { /* SRC[:DST[:OPTS]] of Bind, BindReadOnly, Volume, Overlay, Device */
	char *src, *dst;
	bool read_only, recursive, optional, create, exec, dev, suid;
	bool dev_read, dev_write, dev_mknod; /* Device */
};
void bind_arg_free(struct bind_arg *b);
int bind_arg_parse(enum profile_key key, const char *word, struct bind_arg *ret, struct sbx_err *err);

struct tmpfs_arg { /* DST[:size=…,mode=…,noexec] */
	char *dst;
	uint64_t size_bytes; /* 0: default */
	uint32_t mode;       /* 0: 01777 */
	bool exec;
};
void tmpfs_arg_free(struct tmpfs_arg *t);
int tmpfs_arg_parse(const char *word, struct tmpfs_arg *ret, struct sbx_err *err);

struct idmap_arg { /* INSIDE:OUTSIDE:COUNT */
	uint32_t inside, outside, count;
};
int idmap_arg_parse(const char *word, struct idmap_arg *ret, struct sbx_err *err);

struct rlimit_arg {          /* SOFT[:HARD], infinity; sizes and counts */
	uint64_t soft, hard; /* RLIM_INFINITY */
};
int rlimit_arg_parse(enum profile_key key, const char *text, struct rlimit_arg *ret, struct sbx_err *err);

struct userns_arg { /* auto | single | subuid | keep-id[:uid=N,gid=N] */
	enum userns_mode { USERNS_AUTO, USERNS_SINGLE, USERNS_SUBUID, USERNS_KEEP_ID } mode;
	uint32_t uid, gid; /* keep-id: the caller inside; default the caller's own numbers */
};
int userns_arg_parse(const char *text, struct userns_arg *ret, struct sbx_err *err);

struct publish_arg {         /* [[IP:]HOSTPORT:]PORT[-PORT][/tcp|udp]; an IPv6 address in brackets */
	char address[46];    /* 127.0.0.1 where none is written */
	uint16_t host_first; /* the first port on the host, which is that inside where none is written */
	uint16_t first, last;
	bool udp;
};
int publish_arg_parse(const char *word, struct publish_arg *ret, struct sbx_err *err);

struct scratch_arg { /* disk | memory[:SIZE] */
	bool memory;
	uint64_t size_bytes;
};
int scratch_arg_parse(const char *text, struct scratch_arg *ret, struct sbx_err *err);
