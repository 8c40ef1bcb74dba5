/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A profile in a directory of its own, and the plan that comes of it. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/plan.h"
#include "sbx/str.h"

#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct fixture {
	char *dir; /* real path: home, store, state, runtime and the profile are in it */
	struct image_store store;
	struct image image; /* the tests change it; all of it is borrowed but the lists */
	struct image_layer layers[2];
	struct strv command;
	struct sandbox_spec *spec;
	struct sbx_err err;
};

static inline char *fixture_path(const struct fixture *f, const char *name)
{
	return xasprintf("%s/%s", f->dir, name);
}

static inline void fixture_env(const struct fixture *f, const char *variable, const char *name)
{
	_cleanup_free_ char *path = fixture_path(f, name);
	assert_int_equal(setenv(variable, path, 1), 0);
	assert_int_equal(mkdir(path, 0700) < 0 && errno != EEXIST, 0);
}

static inline void fixture_write(const struct fixture *f, const char *name, const char *text)
{
	_cleanup_free_ char *path = fixture_path(f, name);
	_cleanup_file_ FILE *out = fopen(path, "we");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
}

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	const char *tmp = getenv("TMPDIR");
	_cleanup_free_ char *made = xasprintf("%s/sbx-plan-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(made));
	f->dir = realpath(made, NULL);
	assert_non_null(f->dir);
	fixture_env(f, "HOME", "home");
	fixture_env(f, "XDG_STATE_HOME", "state");
	fixture_env(f, "XDG_RUNTIME_DIR", "runtime");
	fixture_env(f, "XDG_CONFIG_HOME", "config");
	fixture_env(f, "SBX_STORE", "store");
	setenv("TERM", "vt100", 1);
	f->store = (struct image_store){.path = fixture_path(f, "store"), .fd = -1};
	memset(f->layers[0].chain_id.hex, 'a', DIGEST_HEX_LEN);
	memset(f->layers[1].chain_id.hex, 'b', DIGEST_HEX_LEN);
	memset(f->image.manifest_digest.hex, 'c', DIGEST_HEX_LEN);
	f->image.layers = f->layers;
	f->image.n_layers = 2;
	strv_add(&f->image.cmd, "/bin/sh");
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	spec_free(f->spec);
	strv_clear(&f->image.cmd);
	strv_clear(&f->image.entrypoint);
	strv_clear(&f->image.env);
	strv_clear(&f->image.volumes);
	strv_clear(&f->command);
	assert_int_equal(tree_remove(AT_FDCWD, f->dir, NULL), 0);
	free(f->store.path);
	free(f->dir);
	free(f);
	return 0;
}

/* plan_text - plan the profile @text; "Image=" decides whether the fixture's image goes with it.  The network is none
 * where the text says nothing: for an image's default sbx-net would have to be beside the test. */
static inline int plan_text(struct fixture *f, const char *text)
{
	_cleanup_free_ char *path = fixture_path(f, "t.ini");
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_strv_ struct strv problems = {0};
	_cleanup_strv_ struct strv sets = {0};
	struct profile_request request = {.name_or_path = path, .sets = &sets};
	bool has_image = strstr(text, "Image=") != NULL;
	if (!strstr(text, "Network="))
		strv_add(&sets, "Network.Network=none");
	fixture_write(f, "t.ini", text);
	spec_free(f->spec);
	f->spec = NULL;
	f->err = (struct sbx_err){0};
	int r = profile_load(&request, &profile, &problems, &f->err);
	if (r < 0) {
		if (problems.n > 0)
			snprintf(f->err.msg, sizeof f->err.msg, "%s", problems.v[0]);
		return r;
	}
	struct plan_input input = {.profile = profile,
		.store = has_image ? &f->store : NULL,
		.image = has_image ? &f->image : NULL,
		.command = &f->command};
	return plan_build(&input, &f->spec, &f->err);
}

/* planned - the same where it must succeed. */
static inline const struct sandbox_spec *planned(struct fixture *f, const char *text)
{
	if (plan_text(f, text) < 0)
		fail_msg("%s\n%s", f->err.msg, text);
	return f->spec;
}

#define IMAGE "[Sandbox]\nImage=test:1\n[Security]\nUserNS=single\n"

static inline const struct mount_op *mount_at(const struct sandbox_spec *spec, enum mount_op_kind kind, const char *dst)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].kind == kind && strcmp(spec->mounts[i].dst, dst) == 0)
			return &spec->mounts[i];
	return NULL;
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
