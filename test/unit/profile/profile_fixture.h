/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Profiles in a directory of their own, with an environment that is known. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/profile.h"
#include "sbx/str.h"

struct fixture {
	char dir[64];
	struct profile *profile;
	struct strv problems, sets;
	struct sbx_err err;
};

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	strcpy(f->dir, "/tmp/sbx-profile-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(setenv("HOME", "/home/somebody", 1), 0);
	assert_int_equal(setenv("XDG_CONFIG_HOME", f->dir, 1), 0);
	assert_int_equal(setenv("SBX_TEST_VALUE", "a b:c", 1), 0);
	assert_int_equal(unsetenv("SBX_TEST_NONE"), 0);
	assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tree_remove(AT_FDCWD, f->dir, NULL), 0);
	profile_free(f->profile);
	strv_clear(&f->problems);
	strv_clear(&f->sets);
	free(f);
	return 0;
}

static inline void write_text(const struct fixture *f, const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", f->dir, name);
	char *slash = strrchr(path, '/');

	*slash = '\0';
	mkdir(path, 0755);
	*slash = '/';
	_cleanup_file_ FILE *out = fopen(path, "we");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
}

/* load - anew: what was loaded before goes. */
static inline int load(struct fixture *f, const char *name)
{
	profile_free(steal_ptr(f->profile));
	_cleanup_free_ char *path = name ? xasprintf("%s/%s", f->dir, name) : NULL;
	const struct profile_request request = {.name_or_path = path, .sets = &f->sets};

	return profile_load(&request, &f->profile, &f->problems, &f->err);
}

static inline void load_text(struct fixture *f, const char *text)
{
	write_text(f, "box.ini", text);
	if (load(f, "box.ini") < 0)
		fail_msg("%s", f->problems.n ? f->problems.v[0] : f->err.msg);
}

/* refuses - the text is refused, and the first problem is this one behind its file's directory. */
static inline void refuses(struct fixture *f, const char *text, const char *problem)
{
	write_text(f, "box.ini", text);
	assert_int_equal(load(f, "box.ini"), -EINVAL);
	assert_null(f->profile);
	assert_int_equal(f->problems.n, 1);
	assert_string_equal(f->problems.v[0] + strlen(f->dir) + 1, problem);
	strv_clear(&f->problems);
}

static inline const char *word(const struct fixture *f, enum profile_key key, size_t i)
{
	const struct profile_value *value = profile_get(f->profile, key);

	assert_true(i < value->n_words);
	return value->words[i].text;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
