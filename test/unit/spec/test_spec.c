/* SPDX-License-Identifier: Apache-2.0 */

/* The spec as data, and what of it people and programs are shown. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include <linux/mount.h>
#include "sbx/cleanup.h"
#include "sbx/spec.h"
#include "sbx/str.h"

static struct sandbox_spec *sample(void)
{
	struct sandbox_spec *spec = spec_new();

	spec->name = xstrdup("box");
	spec->userns_mode = "single";
	spec->userns_origin = xstrdup("default");
	idmap_pair_single(&spec->maps, 0, 0);
	spec->root.kind = ROOT_DIR;
	strv_add(&spec->root.lower, "/tree");
	spec->root.scratch_parent = xstrdup("/scratch");
	spec->root.origin = xstrdup("box.ini:2");
	spec->net.origin = xstrdup("default");
	strv_add(&spec->process.argv, "/bin/\033[31mred");
	spec->process.argv_origin = xstrdup("box.ini:4");
	strv_add(&spec->process.env, "A=\nb");
	spec->process.cwd = xstrdup("/");
	spec->process.user = xstrdup("0");
	spec->process.host_name = xstrdup("box");
	spec->process.stop_signal = 15;
	spec->security.caps_text = xstrdup("none");
	spec->security.seccomp_name = xstrdup("default");
	spec->security.origin = xstrdup("default");
	strv_add(&spec->notes, "a note");
	struct mount_op *op = spec_add_mount(spec, MOUNT_OP_BIND, "/host\001dir", "/in", "box.ini:7");
	op->attrs = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
	op->flags = MOUNT_OP_RECURSIVE;
	return spec;
}

static char *as_text(const struct sandbox_spec *spec)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	spec_print_text(spec, out);
	fclose(out);
	return text;
}

static void test_mounts_keep_their_order_and_own_copies_of_their_strings(void **state)
{
	_cleanup_spec_ struct sandbox_spec *spec = spec_new();
	char dst[] = "/a";

	(void)state;
	for (int i = 0; i < 100; i++) {
		dst[1] = (char)('a' + i % 26);
		struct mount_op *op = spec_add_mount(spec, MOUNT_OP_TMPFS, NULL, dst, "default");
		op->size_bytes = (uint64_t)i;
	}
	assert_int_equal(spec->n_mounts, 100);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(spec->mounts[i].size_bytes, i);
		assert_int_equal(spec->mounts[i].dst[1], 'a' + i % 26);
		assert_null(spec->mounts[i].src);
	}
}

static void test_every_kind_of_mount_has_a_name(void **state)
{
	(void)state;
	for (int kind = MOUNT_OP_BIND; kind <= MOUNT_OP_UNMASK; kind++)
		assert_true(strlen(mount_op_name((enum mount_op_kind)kind)) > 0);
}

static void test_text_names_origins_and_escapes_what_drives_terminals(void **state)
{
	_cleanup_spec_ struct sandbox_spec *spec = sample();
	_cleanup_free_ char *text = as_text(spec);

	(void)state;
	assert_non_null(strstr(text, "[box.ini:2]"));
	assert_non_null(strstr(text, "[box.ini:4]"));
	assert_non_null(strstr(text, "[box.ini:7]"));
	assert_non_null(strstr(text, "read-only"));
	assert_non_null(strstr(text, "a note"));
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\001'));
}

static void test_json_is_one_document_whose_fields_say_the_same(void **state)
{
	_cleanup_spec_ struct sandbox_spec *spec = sample();
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(spec_print_json(spec, out), 0);
	fclose(out);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	json_t *mount = json_array_get(json_object_get(root, "mounts"), 0);
	assert_string_equal(json_string_value(json_object_get(mount, "kind")), "bind");
	assert_string_equal(json_string_value(json_object_get(mount, "destination")), "/in");
	assert_string_equal(json_string_value(json_object_get(mount, "origin")), "box.ini:7");
	assert_true(json_is_array(json_object_get(root, "notes")));
	json_decref(root);
}

static void test_a_full_device_is_told(void **state)
{
	_cleanup_spec_ struct sandbox_spec *spec = sample();
	_cleanup_file_ FILE *full = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_true(spec_print_json(spec, full) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts_keep_their_order_and_own_copies_of_their_strings),
		cmocka_unit_test(test_every_kind_of_mount_has_a_name),
		cmocka_unit_test(test_text_names_origins_and_escapes_what_drives_terminals),
		cmocka_unit_test(test_json_is_one_document_whose_fields_say_the_same),
		cmocka_unit_test(test_a_full_device_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
