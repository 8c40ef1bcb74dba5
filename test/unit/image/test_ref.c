/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of src/image: references, digests, platforms. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "sbx/image.h"
#include "sbx/str.h"

#define SUM "sha256:" HEX
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void names_get_the_default_tag_and_keep_their_own(void **state)
{
	(void)state;
	static const struct {
		const char *text, *name, *tag;
		bool tag_default;
	} good[] = {
		{"debian", "debian:latest", "latest", true},
		{"debian:12", "debian:12", "12", false},
		{"library/debian:12-slim", "library/debian:12-slim", "12-slim", false},
		{"localhost/a", "localhost/a:latest", "latest", true},
		{"host:5000/a/b:V_1.0", "host:5000/a/b:V_1.0", "V_1.0", false},
		{"Registry.Example:443/a", "Registry.Example:443/a:latest", "latest", true},
		{"a__b.c---d_e", "a__b.c---d_e:latest", "latest", true},
		{"host.example/a:_", "host.example/a:_", "_", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_ref_ struct image_ref ref = {0};
		assert_int_equal(image_ref_parse(good[i].text, &ref, NULL), 0);
		assert_int_equal(ref.transport, IMAGE_NAME);
		assert_string_equal(ref.name, good[i].name);
		assert_string_equal(ref.tag, good[i].tag);
		assert_int_equal(ref.tag_default, good[i].tag_default);
		assert_false(ref.has_digest);
		assert_int_equal(image_name_check(ref.name, NULL), 0);
	}
}

static void digests_stand_alone_or_behind_a_name(void **state)
{
	(void)state;
	static const char *const texts[] = {"sha256:" HEX, "debian@sha256:" HEX, "debian:12@sha256:" HEX};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_ref_ struct image_ref ref = {0};
		assert_int_equal(image_ref_parse(texts[i], &ref, NULL), 0);
		assert_true(ref.has_digest);
		assert_string_equal(ref.digest.hex, HEX);
		assert_null(ref.tag);
		if (i == 0)
			assert_null(ref.name);
		else
			assert_string_equal(ref.name, "debian");
	}
}

static void files_are_named_by_their_transport(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum image_transport transport;
		const char *name, *tag;
	} good[] = {
		{"oci:/srv/image", IMAGE_OCI, "/srv/image", NULL},
		{"oci:image:v1", IMAGE_OCI, "image", "v1"},
		{"oci-archive:a.tar:x", IMAGE_OCI_ARCHIVE, "a.tar", "x"},
		{"docker-archive:a.tar:docker.io/library/debian:12", IMAGE_DOCKER_ARCHIVE, "a.tar",
			"docker.io/library/debian:12"},
		{"rootfs:/a:b.tar.gz", IMAGE_ROOTFS, "/a:b.tar.gz", NULL},
		{"dir:a", IMAGE_DIR, "a", NULL},
		{"./a:b", IMAGE_DIR, "./a:b", NULL},
		{"/a", IMAGE_DIR, "/a", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_ref_ struct image_ref ref = {0};
		assert_int_equal(image_ref_parse(good[i].text, &ref, NULL), 0);
		assert_int_equal(ref.transport, good[i].transport);
		assert_string_equal(ref.name, good[i].name);
		assert_true(str_eq(ref.tag, good[i].tag));
	}
}

#define FORM                                                                                                          \
	" is not of the form [HOST[:PORT]/]NAME[:TAG][@sha256:HEX]; files are written as oci:DIR, oci-archive:FILE, " \
	"docker-archive:FILE or rootfs:FILE"
#define LOWER ": a name is written in lower case (only host names and tags may have capitals)"
#define NOT_64 "a sha256 digest has 64 digits 0-9a-f behind \"sha256:\", this one has not"

static void wrong_references_are_refused_in_words(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"", "the image's name is empty"},
		{"Debian", "image name \"Debian\"" LOWER},
		{"Debian:12", "image name \"Debian:12\"" LOWER},
		{"a b", "image name \"a b\"" FORM},
		{"a:", "image name \"a:\"" FORM},
		{":a", "image name \":a\"" FORM},
		{"a:.b", "image name \"a:.b\"" FORM},
		{"a:b/c", "image name \"a:b/c\"" FORM},
		{"a//b", "image name \"a//b\"" FORM},
		{"a/../b", "image name \"a/../b\"" FORM},
		{"../../etc/x", NULL}, /* a directory, not a name */
		{"a.-b", "image name \"a.-b\"" FORM},
		{"a___b", "image name \"a___b\"" FORM},
		{"a/", "image name \"a/\"" FORM},
		{"host:99999999/a", "image name \"host:99999999/a\"" FORM},
		{"a\x1b[2J", "image name \"a\\x1b[2J\"" FORM},
		{"docker://debian", "image name \"docker://debian\"" FORM},
		{"oci:", "image \"oci:\": no path behind \"oci:\""},
		{"oci:a:", "image \"oci:a:\": no tag behind the last ':'"},
		{"rootfs:", "image \"rootfs:\": no path behind \"rootfs:\""},
		{"sha256:abc", NOT_64},
		{"a@sha256:abc", "image name \"a@sha256:abc\": " NOT_64},
		{"a@md5:abc", "image name \"a@md5:abc\": digest md5:abc: only sha256 is supported"},
		{"a@", "image name \"a@\": \"\" is no digest (sha256:HEX)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct image_ref ref = {0};
		struct sbx_err err = {0};
		if (!bad[i].message) {
			assert_int_equal(image_ref_parse(bad[i].text, &ref, &err), 0);
			assert_int_equal(ref.transport, IMAGE_DIR);
			image_ref_free(&ref);
			continue;
		}
		assert_int_equal(image_ref_parse(bad[i].text, &ref, &err), -EINVAL);
		assert_string_equal(err.msg, bad[i].message);
		assert_null(ref.name);
	}
}

static void a_name_of_256_bytes_is_refused(void **state)
{
	(void)state;
	struct image_ref ref = {0};
	char text[257];

	memset(text, 'a', sizeof text);
	text[255] = '\0';
	assert_int_equal(image_ref_parse(text, &ref, NULL), 0);
	image_ref_free(&ref);
	text[255] = 'a';
	text[256] = '\0';
	assert_int_equal(image_ref_parse(text, &ref, NULL), -EINVAL);
}

static void a_digest_is_64_lower_case_digits(void **state)
{
	(void)state;
	struct digest digest;
	struct sbx_err err = {0};

	assert_int_equal(digest_parse("sha256:" HEX, &digest, &err), 0);
	assert_string_equal(digest.hex, HEX);
	static const char *const bad[] = {"sha256:", SUM "0", "sha256:../0",
		"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(digest_parse(bad[i], &digest, &err), -EINVAL);
		assert_string_equal(err.msg, NOT_64);
	}
	assert_int_equal(digest_parse("sha512:00", &digest, &err), -EINVAL);
	assert_string_equal(err.msg, "digest sha512:00: only sha256 is supported");
	assert_int_equal(digest_parse(HEX, &digest, &err), -EINVAL);
	assert_string_equal(err.msg, "\"" HEX "\" is no digest (sha256:HEX)");
}

static void platforms_are_parsed_and_printed_alike(void **state)
{
	(void)state;
	static const char *const good[] = {"linux/amd64", "linux/arm/v7", "windows/amd64"};
	struct platform p;
	struct sbx_err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(platform_parse(good[i], &p, &err), 0);
		_cleanup_free_ char *text = platform_text(&p);
		assert_string_equal(text, good[i]);
	}
	assert_int_equal(platform_parse("linux/x86_64", &p, &err), 0);
	assert_string_equal(p.arch, "amd64");
	static const char *const bad[] = {"", "linux", "linux/", "/amd64", "linux/amd64/", "a/b/c/d", "Linux/amd64",
		"linux/an-architecture-of-long-name"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *message =
			xasprintf("platform \"%s\" is not of the form OS/ARCH[/VARIANT], like linux/amd64", bad[i]);
		assert_int_equal(platform_parse(bad[i], &p, &err), -EINVAL);
		assert_string_equal(err.msg, message);
	}
}

static unsigned rank(const char *want, const char *have)
{
	struct platform w, h;

	assert_int_equal(platform_parse(want, &w, NULL), 0);
	assert_int_equal(platform_parse(have, &h, NULL), 0);
	return platform_rank(&w, &h);
}

static void a_machine_takes_its_own_variant_or_the_best_lower_one(void **state)
{
	(void)state;
	assert_int_equal(rank("linux/amd64", "linux/arm64"), 0);
	assert_int_equal(rank("linux/amd64", "windows/amd64"), 0);
	assert_int_equal(rank("linux/arm/v7", "linux/arm64/v8"), 0);
	assert_int_equal(rank("linux/amd64", "linux/amd64/v3"), 0);
	assert_int_equal(rank("linux/arm/v6", "linux/arm/v7"), 0);
	assert_true(rank("linux/arm64/v8", "linux/arm64") > 0);
	assert_true(rank("linux/arm64", "linux/arm64/v8") > 0);
	assert_true(rank("linux/arm/v7", "linux/arm/v6") > rank("linux/arm/v7", "linux/arm/v5"));
	assert_true(rank("linux/arm/v7", "linux/arm/v7") > rank("linux/arm/v7", "linux/arm/v6"));
	assert_true(rank("linux/amd64", "linux/amd64") > rank("linux/amd64", "linux/amd64/v1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_get_the_default_tag_and_keep_their_own),
		cmocka_unit_test(digests_stand_alone_or_behind_a_name),
		cmocka_unit_test(files_are_named_by_their_transport),
		cmocka_unit_test(wrong_references_are_refused_in_words),
		cmocka_unit_test(a_name_of_256_bytes_is_refused),
		cmocka_unit_test(a_digest_is_64_lower_case_digits),
		cmocka_unit_test(platforms_are_parsed_and_printed_alike),
		cmocka_unit_test(a_machine_takes_its_own_variant_or_the_best_lower_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
