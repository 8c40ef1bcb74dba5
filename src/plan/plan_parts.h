/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parts of a plan: each fills its piece of the spec from the profile and the image. */

#include "sbx/plan.h"

/* What the parts share; nothing in it changes while they work, but the spec that they fill. */
struct plan {
	const struct profile *profile;
	const struct image *image;   /* NULL with Rootfs= */
	const struct strv *command;  /* NULL or empty: none */
	const char *store;           /* the store's path: also with Rootfs=, for volumes and the scratch directory */
	const struct strv *own_dirs; /* sbx's own directories, real paths: never visible inside */
	struct sandbox_spec *spec;
};

/* Each returns 0 or -errno; a message begins with the line of the profile that it is about. */
int plan_root(struct plan *p, struct sbx_err *err);     /* root.c */
int plan_fixed(struct plan *p, struct sbx_err *err);    /* fixed.c */
int plan_files(struct plan *p, struct sbx_err *err);    /* files.c: with /etc, sorted */
int plan_hide(struct plan *p, struct sbx_err *err);     /* hide.c: behind every other mount */
int plan_process(struct plan *p, struct sbx_err *err);  /* process.c */
int plan_argv(struct plan *p, struct sbx_err *err);     /* command.c */
int plan_env(struct plan *p, struct sbx_err *err);      /* env.c */
int plan_net(struct plan *p, struct sbx_err *err);      /* net.c: before /etc, /sys and what asks about it */
int plan_security(struct plan *p, struct sbx_err *err); /* security.c */
int plan_require(struct plan *p, struct sbx_err *err);  /* require.c */
int plan_cgroup(struct plan *p, struct sbx_err *err);   /* cgroup.c */
int plan_limits(struct plan *p, struct sbx_err *err);   /* limits.c */

/* plan_etc - the files of /etc that sbx makes, but for those that a mount from @first on covers. */
int plan_etc(struct plan *p, size_t first, struct sbx_err *err);

/* mounts_sort - the operations from @first on by their destinations, parents first.
 * mount_remove - take one out. */
void mounts_sort(struct sandbox_spec *spec, size_t first);
void mount_remove(struct sandbox_spec *spec, size_t index);

/* hide_own_dirs - real paths of the store and sbx's state and runtime directories. */
int hide_own_dirs(const char *store, struct strv *ret, struct sbx_err *err);
/* hide_refuse_source - -EPERM where @src is one of sbx's own directories or lies in one. */
int hide_refuse_source(const struct plan *p, const char *src, struct sbx_err *err);

/* path_real - where @path really is on the host; what does not exist yet is taken as written.  Returns new. */
char *path_real(const char *path);

/* word_fail, value_fail - a failure that is about one word, or about a scalar: "FILE:LINE: [Section] Key=WORD: …".
 * word_prefix: the same put before a message that is there already.  Return the code. */
int word_fail(enum profile_key key, const struct profile_word *word, int code, struct sbx_err *err, const char *fmt,
	...) __attribute__((format(printf, 5, 6)));
int word_prefix(enum profile_key key, const struct profile_word *word, int code, struct sbx_err *err);
int value_fail(const struct profile *profile, enum profile_key key, int code, struct sbx_err *err, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int value_prefix(const struct profile *profile, enum profile_key key, int code, struct sbx_err *err);

/* value_given - whether a line gave the key something: set, and not empty. */
bool value_given(const struct profile *profile, enum profile_key key);

/* ids_beyond_one - whether a pair of maps holds more than a single id. */
bool ids_beyond_one(const struct idmap_pair *maps);

/* Mount attributes that every mount has unless a line of the profile says otherwise. */
#define ATTRS_BASE ((uint64_t)(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV))
#define ATTRS_QUIET (ATTRS_BASE | MOUNT_ATTR_NOEXEC)
