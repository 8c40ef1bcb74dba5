/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The key table as src/profile sees it: what key_info tells everyone, and how a value is read. */

#include "sbx/profile.h"

/* What of a value is expanded, after it was split into words. "variables" are ${NAME}, ${NAME:-default} and $$. */
enum key_expand {
	EXPAND_NOTHING,
	EXPAND_TEXT,    /* a path inside: ~ and variables */
	EXPAND_PATH,    /* a host path: ~, variables, then relative to the profile's directory */
	EXPAND_ENV,     /* variables, after the = */
	EXPAND_MOUNT,   /* parts between colons: a host path, then a path inside, then options */
	EXPAND_VOLUME,  /* the same, but what is no path in the first part is a volume's name, left alone */
	EXPAND_DST,     /* parts between colons: a path inside, then options */
	EXPAND_IMAGE,   /* variables; after oci: and the like a host path */
	EXPAND_PROFILE, /* a host path where it has a / or ends in .ini; else a profile's name, left alone */
	EXPAND_SECCOMP, /* a host path where it has a / or ends in .json; else a filter's name, left alone */
	EXPAND_DEVICE,  /* of a pair of words the first: a host path */
};

/* A check of one word of a list, or of a scalar's text, after expansion: 0, or -EINVAL with "what; expected …". */
typedef int key_check(enum profile_key key, const char *word, struct sbx_err *err);

struct key_row {
	struct key_info info;
	enum key_expand expand;
	const char *default_value; /* read like a line's value to fill num; NULL: num is 0 */
	bool has_range;            /* of num, both ends included */
	int64_t min, max;
	bool pairs;       /* a list of pairs: words are counted in twos, check sees the second */
	key_check *check; /* or NULL */
};

const struct key_row *key_row(enum profile_key key);

/* section_find - the canonical name of a section, letter case free; NULL where there is none. */
const char *section_find(const char *name);
/* section_nearest, key_nearest - what may have been meant; NULL where nothing is near. */
const char *section_nearest(const char *name);
const char *key_nearest(const char *section, const char *name);
/* key_elsewhere - the section that has a key of this name, for "it belongs in [X]"; NULL where none has. */
const char *key_elsewhere(const char *name);

/* check_*.c */
key_check check_image, check_platform, check_sandbox_name, check_join, check_user, check_account, check_environment,
	check_host_name, check_timezone, check_capability, check_seccomp, check_app_id, check_bus_name, check_bus_rule;
key_check check_network, check_publish, check_port, check_dns, check_domain, check_add_host, check_allow_domain,
	check_allow_address;
key_check check_bind, check_tmpfs, check_inside, check_idmap, check_rlimit, check_userns, check_scratch;
key_check check_cpus, check_io_size, check_io_count, check_memory, check_swap, check_quota, check_tasks;
