/* SPDX-License-Identifier: Apache-2.0 */

/* Ranges of /etc/subuid, id maps and their names. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/idmap.h"
#include "sbx/str.h"

#define NO_ID UINT32_MAX

/* range_of - what subid_range finds for user "ann", number 1000, in a file with @text. */
static int range_of(const char *text, uint32_t *start, uint32_t *count, struct sbx_err *err)
{
	char path[] = "/tmp/sbx-test-subid-XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, strlen(text)), 0);
	int r = subid_range(path, 1000, "ann", start, count, err);
	unlink(path);
	return r;
}

static void the_largest_range_by_name_or_number_is_found(void **state)
{
	static const struct {
		const char *text;
		uint32_t start, count;
	} good[] = {
		{"ann:100000:65536\n", 100000, 65536},
		{"ann:100000:65536", 100000, 65536}, /* the last line without an end */
		{"1000:200000:10\n", 200000, 10},
		{"bob:1:9\nann:100000:5\n1000:300000:70\nann:200000:6\n", 300000, 70},
		{"ann:100000:5\nann:200000:5\n", 100000, 5},
		{"# ann:1:1000\n\n \nann:100000:5\n", 100000, 5},
		{"ann:4294967290:100\n", 4294967290u, 5}, /* 4294967295 is no id */
		{"ann:0:4294967295\n", 0, 4294967295u},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct sbx_err err = {0};
		uint32_t start = 0, count = 0;
		if (range_of(good[i].text, &start, &count, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.msg);
		assert_int_equal(start, good[i].start);
		assert_int_equal(count, good[i].count);
	}
}

static void lines_that_are_not_as_they_should_be_give_nothing(void **state)
{
	static const char *const bad[] = {"", "\n", "ann", "ann:", "ann:100000", "ann:100000:", "ann::65536",
		":100000:65536", "ann:100000:0", "ann:100000:65536:", "ann:100000:65536:1", "ann:-1:5", "ann:100000:-5",
		"ann:0x10:5", "ann:100000:5x", "ann: 100000:5", "ann:100000:5 ", "ann:100000:5\r", " ann:100000:5",
		"anna:100000:5", "an:100000:5", "ANN:100000:5", "01000:100000:5x", "ann:4294967295:1",
		"ann:4294967296:1", "ann:100000:4294967296", "ann:99999999999999999999:1", "ann:1:99999999999999999999",
		"+1000:100000:5", "ann\t100000\t5", "ann:1e5:5"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sbx_err err = {0};
		uint32_t start = 7, count = 7;
		if (range_of(bad[i], &start, &count, &err) != -ENOENT)
			fail_msg("\"%s\" gives %u:%u", bad[i], start, count);
		assert_non_null(strstr(err.msg, "has no range for user ann"));
		assert_true(start == 7 && count == 7);
	}
}

static void a_missing_or_endless_file_is_an_error_that_names_it(void **state)
{
	struct sbx_err err = {0};
	uint32_t start, count;

	(void)state;
	assert_int_equal(subid_range("/no/such/subuid", 0, "ann", &start, &count, &err), -ENOENT);
	assert_string_equal(err.msg, "open /no/such/subuid: No such file or directory");
	assert_int_equal(subid_range("/dev/zero", 0, "ann", &start, &count, &err), -EFBIG);
	assert_string_equal(err.msg, "/dev/zero: larger than 4194304 bytes");
}

static void extents_are_kept_in_the_order_of_the_ids_inside(void **state)
{
	struct idmap map = {0};

	(void)state;
	idmap_add(&map, 10, 100, 5);
	idmap_add(&map, 0, 1000, 1);
	idmap_add(&map, 20, 200, 0); /* nothing */
	idmap_add(&map, 5, 500, 2);
	assert_int_equal(map.n, 3);
	assert_true(map.extents[0].inside == 0 && map.extents[1].inside == 5 && map.extents[2].inside == 10);
	assert_int_equal(idmap_check(&map, "user", NULL), 0);
	idmap_free(&map);
	assert_int_equal(map.n, 0);
}

static void ids_are_translated_both_ways_to_the_last_of_each_extent(void **state)
{
	struct idmap map = {0};

	(void)state;
	idmap_add(&map, 0, 1000, 1);
	idmap_add(&map, 1, 100000, 65536);
	idmap_add(&map, 4294967290u, 500, 5);
	assert_int_equal(idmap_to_outside(&map, 0), 1000);
	assert_int_equal(idmap_to_outside(&map, 1), 100000);
	assert_int_equal(idmap_to_outside(&map, 65536), 165535);
	assert_int_equal(idmap_to_outside(&map, 65537), NO_ID);
	assert_int_equal(idmap_to_outside(&map, 4294967294u), 504);
	assert_int_equal(idmap_to_outside(&map, NO_ID), NO_ID);
	assert_int_equal(idmap_to_inside(&map, 165535), 65536);
	assert_int_equal(idmap_to_inside(&map, 165536), NO_ID);
	assert_int_equal(idmap_to_inside(&map, 0), NO_ID);
	assert_int_equal(idmap_to_inside(&map, 504), 4294967294u);
	idmap_free(&map);
}

static void maps_that_overlap_or_overflow_are_refused(void **state)
{
	static const struct {
		struct idmap_extent a, b;
		const char *why;
	} bad[] = {
		{{0, 1000, 2}, {1, 5000, 1}, "user id map: 0:1000:2 and 1:5000:1 overlap inside"},
		{{0, 1000, 10}, {100, 1009, 1}, "user id map: 0:1000:10 and 100:1009:1 overlap outside"},
		{{0, 1000, 10}, {100, 991, 10}, "user id map: 0:1000:10 and 100:991:10 overlap outside"},
		{{4294967290u, 0, 6}, {0, 0, 0}, "user id map 4294967290:0:6: empty, or past the last id 4294967294"},
		{{0, 4294967290u, 6}, {0, 0, 0}, "user id map 0:4294967290:6: empty, or past the last id 4294967294"},
		{{4294967295u, 0, 4294967295u}, {0, 0, 0},
			"user id map 4294967295:0:4294967295: empty, or past the last id 4294967294"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct idmap map = {0};
		struct sbx_err err = {0};
		idmap_add(&map, bad[i].a.inside, bad[i].a.outside, bad[i].a.count);
		idmap_add(&map, bad[i].b.inside, bad[i].b.outside, bad[i].b.count);
		assert_int_equal(idmap_check(&map, "user", &err), -EINVAL);
		assert_string_equal(err.msg, bad[i].why);
		idmap_free(&map);
	}
}

static void an_empty_map_and_one_of_341_extents_are_refused(void **state)
{
	struct idmap map = {0};
	struct sbx_err err = {0};

	(void)state;
	assert_int_equal(idmap_check(&map, "group", &err), -EINVAL);
	assert_string_equal(err.msg, "the group id map is empty");
	for (uint32_t i = 0; i < IDMAP_EXTENTS_MAX; i++)
		idmap_add(&map, 2 * i, 2 * i, 1);
	assert_int_equal(idmap_check(&map, "group", &err), 0);
	idmap_add(&map, 2000, 2000, 1);
	assert_int_equal(idmap_check(&map, "group", &err), -EINVAL);
	assert_string_equal(err.msg, "the group id map has 341 extents; the kernel takes 340");
	idmap_free(&map);
}

static void names_of_maps_come_back_as_the_maps_they_were_made_of(void **state)
{
	static const char *const names[] = {"single", "u0-1000-1,1-100000-65536", "u0-1000-1+g0-100-1,1-100000-65536",
		"u0-100000-1000,1000-1000-1,1001-101000-64536"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct idmap_pair maps;
		struct sbx_err err = {0};
		assert_int_equal(idmap_pair_parse(names[i], &maps, &err), 0);
		_cleanup_free_ char *again = idmap_name(&maps);
		assert_string_equal(again, names[i]);
		assert_int_equal(maps.by_helper, i > 0);
		idmap_pair_free(&maps);
	}
}

static void names_that_no_map_has_are_refused(void **state)
{
	static const char *const names[] = {"", "u", "Single", "single/", "u0", "u0-1", "u0-1-", "u0-1-0", "u0-1-1,",
		"u0-1-1-1", "u-0-1-1", "u0-1--1", "u0-1-1+g", "u0-1-1+g+g0-1-1", "u0-1-1+0-1-1", "g0-1-1",
		"u0-1-2,1-5-1", "u0-4294967295-1", "u0-1-4294967296", "u 0-1-1", "../u0-1-1",
		"h0123456789abcdef0123456789abcdef"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct idmap_pair maps;
		struct sbx_err err = {0};
		if (idmap_pair_parse(names[i], &maps, &err) != -EINVAL)
			fail_msg("%s is taken", names[i]);
		assert_true(err.msg[0]);
		assert_true(!maps.uid.extents && !maps.gid.extents);
	}
}

static void a_name_too_long_for_a_file_becomes_a_hash_that_differs_with_the_map(void **state)
{
	struct idmap_pair maps = {.by_helper = true};

	(void)state;
	for (uint32_t i = 0; i < 30; i++) {
		idmap_add(&maps.uid, i * 10, 100000 + i * 10, 5);
		idmap_add(&maps.gid, i * 10, 100000 + i * 10, 5);
	}
	_cleanup_free_ char *one = idmap_name(&maps), *same = idmap_name(&maps);
	idmap_add(&maps.gid, 1000, 200000, 1);
	_cleanup_free_ char *other = idmap_name(&maps);
	assert_int_equal(strlen(one), 33);
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	idmap_pair_free(&maps);
}

static void a_single_map_is_the_caller_alone(void **state)
{
	struct idmap_pair maps;

	(void)state;
	idmap_pair_single(&maps, 33, 44);
	assert_true(maps.uid.n == 1 && maps.gid.n == 1 && !maps.by_helper);
	assert_int_equal(idmap_to_outside(&maps.uid, 33), geteuid());
	assert_int_equal(idmap_to_outside(&maps.gid, 44), getegid());
	assert_int_equal(idmap_to_outside(&maps.uid, 0), NO_ID);
	idmap_pair_free(&maps);
}

static void keeping_an_id_leaves_the_range_in_order_around_it(void **state)
{
	static const uint32_t ids[] = {0, 1, 1000, 65535, 65536, 200000, 4294967294u};
	struct idmap_pair maps;
	struct sbx_err err = {0};

	(void)state;
	int r = idmap_pair_subuid(&maps, &err);
	if (r == -ENOENT) { /* an account without ranges */
		assert_non_null(strstr(err.msg, "UserNS=single"));
		skip();
	}
	assert_int_equal(r, 0);
	uint32_t first = idmap_to_outside(&maps.uid, 1);
	idmap_pair_free(&maps);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_int_equal(idmap_pair_keep(&maps, ids[i], ids[i], &err), 0);
		assert_int_equal(idmap_to_outside(&maps.uid, ids[i]), geteuid());
		assert_int_equal(idmap_to_outside(&maps.gid, ids[i]), getegid());
		/* The first of the range is the lowest id inside that is not the caller's own. */
		assert_int_equal(idmap_to_outside(&maps.uid, ids[i] == 0 ? 1 : 0), first);
		idmap_pair_free(&maps);
	}
	assert_int_equal(idmap_pair_keep(&maps, NO_ID, 0, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_range_by_name_or_number_is_found),
		cmocka_unit_test(lines_that_are_not_as_they_should_be_give_nothing),
		cmocka_unit_test(a_missing_or_endless_file_is_an_error_that_names_it),
		cmocka_unit_test(extents_are_kept_in_the_order_of_the_ids_inside),
		cmocka_unit_test(ids_are_translated_both_ways_to_the_last_of_each_extent),
		cmocka_unit_test(maps_that_overlap_or_overflow_are_refused),
		cmocka_unit_test(an_empty_map_and_one_of_341_extents_are_refused),
		cmocka_unit_test(names_of_maps_come_back_as_the_maps_they_were_made_of),
		cmocka_unit_test(names_that_no_map_has_are_refused),
		cmocka_unit_test(a_name_too_long_for_a_file_becomes_a_hash_that_differs_with_the_map),
		cmocka_unit_test(a_single_map_is_the_caller_alone),
		cmocka_unit_test(keeping_an_id_leaves_the_range_in_order_around_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
