/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of src/image: the store on disk - made, refused, its index, finding, locks, sources. */

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
#include "sbx/image.h"
#include "sbx/str.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct fixture {
	char *dir, *path; /* a directory of the test's own; the store in it */
	struct image_store store;
	struct sbx_err err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	f->dir = xasprintf("%s/sbx-store-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	f->path = xasprintf("%s/a/store", f->dir);
	assert_int_equal(store_open_at(f->path, true, &f->store, &f->err), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	assert_int_equal(tree_remove(AT_FDCWD, f->dir, NULL), 0);
	free(f->dir);
	free(f->path);
	free(f);
	return 0;
}

static void blob_put(const struct fixture *f, const char *bytes, struct descriptor *ret)
{
	digest_of(bytes, strlen(bytes), &ret->digest);
	ret->size_bytes = strlen(bytes);
	_cleanup_free_ char *dir = xasprintf("%s/blobs/sha256", f->path);
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(file_write_durable(fd, ret->digest.hex, bytes, strlen(bytes), 0600, NULL), 0);
}

/* image_put - an image of one layer that is never read.  @mark makes it another image. */
static void image_put(const struct fixture *f, const char *mark, const char *os_arch, struct descriptor *ret)
{
	struct descriptor config = {0};
	*ret = (struct descriptor){.media_type = xstrdup(MANIFEST)};
	assert_int_equal(platform_parse(os_arch, &ret->platform, NULL), 0);
	_cleanup_free_ char *config_text = xasprintf(
		"{\"os\":\"%s\",\"architecture\":\"%s\",\"config\":{\"User\":\"%s\"},\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"sha256:" HEX_B "\"]}}",
		ret->platform.os, ret->platform.arch, mark);
	blob_put(f, config_text, &config);
	_cleanup_free_ char *manifest = xasprintf(
		"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
		"vnd.oci.image.config.v1+json\",\"digest\":"
		"\"sha256:%s\",\"size\":%llu},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
		"\"digest\":\"sha256:" HEX_B "\",\"size\":1}]}",
		config.digest.hex, (unsigned long long)config.size_bytes);
	blob_put(f, manifest, ret);
}

static int add_named(struct fixture *f, const char *name, const char *mark, const char *os_arch)
{
	_cleanup_descriptor_ struct descriptor d = {0};

	image_put(f, mark, os_arch, &d);
	d.ref_name = xstrdup(name);
	return index_add(&f->store, &d, &f->err);
}

/* find - an image's User, which tells it from others.  New, or NULL with f->err. */
static char *find(struct fixture *f, const char *text, const char *os_arch)
{
	_cleanup_ref_ struct image_ref ref = {0};
	_cleanup_image_ struct image *image = NULL;
	struct platform platform;

	assert_int_equal(platform_parse(os_arch, &platform, NULL), 0);
	assert_int_equal(image_ref_parse(text, &ref, &f->err), 0);
	f->err = (struct sbx_err){0};
	int r = image_find(&f->store, &ref, &platform, &image, &f->err);
	assert_int_equal(r, f->err.code);
	return r < 0 ? NULL : xstrdup(image->user);
}

static void assert_finds(struct fixture *f, const char *text, const char *mark)
{
	_cleanup_free_ char *user = find(f, text, "linux/amd64");

	if (!user)
		print_error("%s: %s\n", text, f->err.msg);
	assert_non_null(user);
	assert_string_equal(user, mark);
}

static void a_new_store_is_a_private_oci_layout(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *layout = NULL;
	struct image_store again;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(read_file_at(f->store.fd, "oci-layout", 100, &layout, NULL, NULL), 0);
	assert_string_equal(layout, "{\"imageLayoutVersion\":\"1.0.0\"}\n");
	assert_int_equal(store_open_at(f->path, false, &again, NULL), 0);
	store_close(&again);
}

static void a_missing_store_is_enoent_with_the_way_to_make_one(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = xasprintf("%s/none", f->dir), *message = NULL;
	struct image_store store;

	message = xasprintf("there is no image store at %s yet: `sbx image import SOURCE NAME` makes it", path);
	assert_int_equal(store_open_at(path, false, &store, &f->err), -ENOENT);
	assert_string_equal(f->err.msg, message);
}

static void a_store_that_others_may_read_is_refused(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *message = NULL;
	struct image_store store;

	message = xasprintf("the store %s is open to others (mode 0750): check what is in it, then `chmod 700 %s`",
		f->path, f->path);
	assert_int_equal(chmod(f->path, 0750), 0);
	assert_int_equal(store_open_at(f->path, false, &store, &f->err), -EPERM);
	assert_string_equal(f->err.msg, message);
}

static void a_store_of_another_is_refused(void **state)
{
	struct fixture *f = *state;
	struct image_store store;

	if (geteuid() == 0)
		skip();
	_cleanup_free_ char *message =
		xasprintf("the store /etc belongs to user 0, not to you (user %u): use another with SBX_STORE",
			(unsigned)geteuid());
	assert_int_equal(store_open_at("/etc", false, &store, &f->err), -EPERM);
	assert_string_equal(f->err.msg, message);
}

static void sbx_store_must_be_absolute(void **state)
{
	struct fixture *f = *state;
	struct image_store store;

	setenv("SBX_STORE", "a/b", 1);
	assert_int_equal(store_open(false, &store, &f->err), -EINVAL);
	assert_string_equal(f->err.msg, "SBX_STORE=a/b is not an absolute path");
	setenv("SBX_STORE", f->path, 1);
	assert_int_equal(store_open(false, &store, &f->err), 0);
	assert_string_equal(store.path, f->path);
	store_close(&store);
	unsetenv("SBX_STORE");
}

static void an_image_is_found_by_name_tag_id_and_digest(void **state)
{
	struct fixture *f = *state;
	_cleanup_image_ struct image *image = NULL;
	_cleanup_ref_ struct image_ref ref = {0};
	struct platform platform;

	assert_int_equal(add_named(f, "debian:12", "a", "linux/amd64"), 1);
	assert_int_equal(add_named(f, "localhost/tool:latest", "b", "linux/amd64"), 1);
	assert_int_equal(add_named(f, "docker.io/library/alpine:3", "c", "linux/amd64"), 1);
	assert_finds(f, "debian:12", "a");
	assert_finds(f, "docker.io/library/debian:12", "a");
	assert_finds(f, "tool", "b");
	assert_finds(f, "alpine:3", "c");
	assert_null(find(f, "debian", "linux/amd64"));
	assert_string_equal(f->err.msg, "image debian:latest is not in the store (`sbx images` lists what is)");
	assert_int_equal(f->err.code, -ENOENT);
	platform_parse("linux/amd64", &platform, NULL);
	image_ref_parse("debian:12", &ref, NULL);
	assert_int_equal(image_find(&f->store, &ref, &platform, &image, NULL), 0);
	_cleanup_free_ char *by_digest = xasprintf("debian@sha256:%s", image->manifest_digest.hex);
	_cleanup_free_ char *by_id = xasprintf("sha256:%s", image->config_digest.hex);
	_cleanup_free_ char *by_short_id = xasprintf("%.12s", image->config_digest.hex);
	assert_finds(f, by_digest, "a");
	assert_finds(f, by_id, "a");
	assert_finds(f, by_short_id, "a");
	assert_null(find(f, "x@sha256:" HEX_B, "linux/amd64"));
	assert_int_equal(f->err.code, -ENOENT);
}

static void a_name_may_stand_for_one_image_of_each_platform(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(add_named(f, "a:1", "amd", "linux/amd64"), 1);
	assert_null(find(f, "a:1", "linux/arm64"));
	assert_int_equal(f->err.code, -ENOEXEC);
	assert_string_equal(
		f->err.msg, "image a:1 is for linux/amd64, not for linux/arm64: import it for this platform");
	assert_int_equal(add_named(f, "a:1", "arm", "linux/arm64"), 1);
	_cleanup_free_ char *user = find(f, "a:1", "linux/arm64");
	assert_string_equal(user, "arm");
	assert_finds(f, "a:1", "amd");
}

static size_t index_size(const struct fixture *f)
{
	_cleanup_index_ struct image_index index = {0};

	assert_int_equal(index_read(&f->store, &index, NULL), 0);
	return index.n;
}

static void a_name_moves_to_the_new_image_and_the_old_one_stays_without_it(void **state)
{
	struct fixture *f = *state;
	_cleanup_descriptor_ struct descriptor old = {0};

	assert_int_equal(add_named(f, "a:1", "old", "linux/amd64"), 1);
	assert_int_equal(add_named(f, "a:1", "old", "linux/amd64"), 0);
	assert_int_equal(add_named(f, "a:1", "new", "linux/amd64"), 1);
	assert_finds(f, "a:1", "new");
	assert_int_equal(index_size(f), 2);
	image_put(f, "old", "linux/amd64", &old);
	assert_int_equal(index_add(&f->store, &old, NULL), 0);
	/* It gets a name again: its nameless entry goes. */
	assert_int_equal(add_named(f, "a:0", "old", "linux/amd64"), 1);
	assert_int_equal(index_size(f), 2);
	/* And where it has another name anyway, losing one leaves no nameless entry. */
	assert_int_equal(add_named(f, "a:1", "old", "linux/amd64"), 1);
	assert_int_equal(add_named(f, "a:1", "new", "linux/amd64"), 1);
	assert_finds(f, "a:0", "old");
	assert_int_equal(index_size(f), 2);
}

static void removing_names_says_what_is_left(void **state)
{
	struct fixture *f = *state;
	_cleanup_descriptor_ struct descriptor d = {0};

	add_named(f, "a:1", "x", "linux/amd64");
	add_named(f, "a:2", "x", "linux/amd64");
	image_put(f, "x", "linux/amd64", &d);
	assert_int_equal(index_remove(&f->store, "a:1", &d.digest, &f->err), 1);
	assert_int_equal(index_remove(&f->store, "a:1", &d.digest, &f->err), -ENOENT);
	_cleanup_free_ char *message = xasprintf("the image (sha256:%.12s) is no longer in the store", d.digest.hex);
	assert_string_equal(f->err.msg, message);
	assert_int_equal(index_remove(&f->store, NULL, &d.digest, &f->err), 0);
	assert_int_equal(index_size(f), 0);
}

static void what_others_wrote_into_the_index_is_kept(void **state)
{
	struct fixture *f = *state;
	static const char index[] =
		"{\"schemaVersion\":2,\"annotations\":{\"x\":\"y\"},\"manifests\":[{\"mediaType\":"
		"\"application/vnd.cncf.helm\",\"digest\":\"sha256:" HEX_B "\",\"size\":1,\"extra\":[1]}]}";
	_cleanup_free_ char *text = NULL;

	assert_int_equal(file_write_durable(f->store.fd, "index.json", index, strlen(index), 0600, NULL), 0);
	assert_int_equal(add_named(f, "a:1", "x", "linux/amd64"), 1);
	assert_int_equal(read_file_at(f->store.fd, "index.json", 1 << 16, &text, NULL, NULL), 0);
	json_auto_t *root = json_loads(text, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json_object_get(root, "annotations"), "x")), "y");
	json_t *entry = json_array_get(json_object_get(root, "manifests"), 0);
	assert_int_equal(json_array_size(json_object_get(entry, "extra")), 1);
}

static void a_damaged_blob_is_refused_with_both_digests(void **state)
{
	struct fixture *f = *state;
	_cleanup_descriptor_ struct descriptor d = {0};

	add_named(f, "a:1", "x", "linux/amd64");
	image_put(f, "x", "linux/amd64", &d);
	_cleanup_free_ char *path = xasprintf("%s/blobs/sha256/%s", f->path, d.digest.hex);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "[", 1, 0), 1);
	assert_null(find(f, "a:1", "linux/amd64"));
	assert_int_equal(f->err.code, -EBADMSG);
	assert_true(str_starts(f->err.msg, "image a:1: the manifest is damaged: its digest is sha256:"));
	assert_int_equal(ftruncate(fd, 3), 0);
	assert_null(find(f, "a:1", "linux/amd64"));
	assert_true(str_starts(f->err.msg, "image a:1: the manifest is damaged: it has 3 bytes, not "));
	assert_int_equal(unlink(path), 0);
	assert_null(find(f, "a:1", "linux/amd64"));
	assert_true(str_ends(f->err.msg, "is missing"));
}

static void an_index_that_names_itself_is_refused(void **state)
{
	struct fixture *f = *state;
	_cleanup_descriptor_ struct descriptor d = {.media_type = xstrdup(INDEX)};
	_cleanup_free_ char *text = xstrdup("{\"schemaVersion\":2,\"manifests\":[]}");

	/* A digest cannot be its own, so: each names the one before. */
	for (int i = 0; i < 5; i++) {
		blob_put(f, text, &d);
		free(text);
		text = xasprintf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" INDEX
				 "\",\"digest\":\"sha256:%s\",\"size\":%llu}]}",
			d.digest.hex, (unsigned long long)d.size_bytes);
	}
	d.ref_name = xstrdup("deep:1");
	assert_int_equal(index_add(&f->store, &d, &f->err), 1);
	assert_null(find(f, "deep:1", "linux/amd64"));
	assert_string_equal(f->err.msg, "image deep:1: the index is nested more than 3 deep");
}

static void the_best_entry_of_an_index_for_many_platforms_is_taken(void **state)
{
	struct fixture *f = *state;
	_cleanup_descriptor_ struct descriptor arm = {0}, amd = {0}, index = {.media_type = xstrdup(INDEX)};

	image_put(f, "arm", "linux/arm64", &arm);
	image_put(f, "amd", "linux/amd64", &amd);
	_cleanup_free_ char *text = xasprintf(
		"{\"schemaVersion\":2,\"manifests\":["
		"{\"mediaType\":\"" MANIFEST "\",\"digest\":\"sha256:%s\",\"size\":%llu,"
		"\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}},"
		"{\"mediaType\":\"" MANIFEST "\",\"digest\":\"sha256:%s\",\"size\":%llu,"
		"\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}",
		arm.digest.hex, (unsigned long long)arm.size_bytes, amd.digest.hex, (unsigned long long)amd.size_bytes);
	blob_put(f, text, &index);
	index.ref_name = xstrdup("many:1");
	assert_int_equal(index_add(&f->store, &index, NULL), 1);
	assert_finds(f, "many:1", "amd");
	_cleanup_free_ char *user = find(f, "many:1", "linux/arm64");
	assert_string_equal(user, "arm");
	assert_null(find(f, "many:1", "linux/s390x"));
	assert_int_equal(f->err.code, -ENOEXEC);
}

static void an_image_in_use_is_not_removed_and_a_removed_one_not_used(void **state)
{
	struct fixture *f = *state;
	_cleanup_descriptor_ struct descriptor d = {0};

	add_named(f, "a:1", "x", "linux/amd64");
	image_put(f, "x", "linux/amd64", &d);
	int use = image_use(&f->store, &d.digest, &f->err);
	assert_true(use >= 0);
	assert_int_equal(image_use_exclusive(&f->store, &d.digest, &f->err), -EBUSY);
	assert_string_equal(f->err.msg, "a sandbox is running on it");
	close(use);
	_cleanup_close_ int exclusive = image_use_exclusive(&f->store, &d.digest, &f->err);
	assert_true(exclusive >= 0);
	close(steal_fd(&exclusive));
	assert_int_equal(index_remove(&f->store, NULL, &d.digest, NULL), 0);
	assert_int_equal(image_use(&f->store, &d.digest, &f->err), -ENOENT);
}

static void removal_does_not_wait_for_an_import(void **state)
{
	struct fixture *f = *state;
	_cleanup_close_ int import = store_lock_content(&f->store, false, NULL);
	_cleanup_close_ int second = store_lock_content(&f->store, false, NULL);
	_cleanup_free_ char *message = xasprintf("the store %s is busy: an import is running", f->path);

	assert_true(import >= 0 && second >= 0);
	assert_int_equal(store_lock_content(&f->store, true, &f->err), -EBUSY);
	assert_string_equal(f->err.msg, message);
}

static void a_source_is_known_until_it_changes(void **state)
{
	struct fixture *f = *state;
	_cleanup_descriptor_ struct descriptor d = {0};
	_cleanup_image_ struct image *image = NULL;
	_cleanup_free_ char *file = xasprintf("%s/a.tar", f->dir), *text = xasprintf("rootfs:%s", file);
	_cleanup_ref_ struct image_ref ref = {0};
	struct source_print print;
	struct platform amd, arm;

	platform_parse("linux/amd64", &amd, NULL);
	platform_parse("linux/arm64", &arm, NULL);
	assert_int_equal(image_ref_parse(text, &ref, NULL), 0);
	assert_int_equal(image_find_source(&f->store, &ref, &amd, &image, &f->err), -EINVAL);
	assert_true(str_ends(f->err.msg, "there is no such file"));
	_cleanup_close_ int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(image_find_source(&f->store, &ref, &amd, &image, &f->err), -ENOENT);
	assert_int_equal(source_print_take(&ref, &print, NULL), 0);
	image_put(f, "x", "linux/amd64", &d);
	assert_int_equal(source_record(&f->store, &ref, &amd, &print, &d.digest, &f->err), 0);
	/* The record alone makes no image. */
	assert_int_equal(image_find_source(&f->store, &ref, &amd, &image, &f->err), -ENOENT);
	assert_int_equal(index_add(&f->store, &d, NULL), 1);
	assert_int_equal(image_find_source(&f->store, &ref, &amd, &image, &f->err), 0);
	assert_string_equal(image->user, "x");
	struct image *other = NULL;
	assert_int_equal(image_find_source(&f->store, &ref, &arm, &other, &f->err), -ENOENT);
	assert_int_equal(write(fd, "1", 1), 1);
	assert_int_equal(image_find_source(&f->store, &ref, &amd, &other, &f->err), -ENOENT);
	_cleanup_free_ char *message = xasprintf("image source %s is not imported, or has changed since", file);
	assert_string_equal(f->err.msg, message);
}

static void an_image_is_unpacked_when_all_its_layers_are(void **state)
{
	struct fixture *f = *state;
	struct image_layer layers[2] = {{.size_bytes = 1}, {.size_bytes = 2}};
	struct image image = {.layers = layers, .n_layers = 2};
	struct sbx_err err;

	digest_of("a", 1, &layers[0].chain_id);
	digest_of("b", 1, &layers[1].chain_id);
	_cleanup_free_ char *first = layer_path(&f->store, "single", &layers[0]);
	_cleanup_free_ char *second = layer_path(&f->store, "single", &layers[1]);
	assert_false(image_is_unpacked(&f->store, &image, "single"));
	close(mkdir_private(second, &err));
	assert_false(image_is_unpacked(&f->store, &image, "single"));
	close(mkdir_private(first, &err));
	assert_true(image_is_unpacked(&f->store, &image, "single"));
	assert_false(image_is_unpacked(&f->store, &image, "u0-1000-1"));
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_new_store_is_a_private_oci_layout),
		STORE_TEST(a_missing_store_is_enoent_with_the_way_to_make_one),
		STORE_TEST(a_store_that_others_may_read_is_refused),
		STORE_TEST(a_store_of_another_is_refused),
		STORE_TEST(sbx_store_must_be_absolute),
		STORE_TEST(an_image_is_found_by_name_tag_id_and_digest),
		STORE_TEST(a_name_may_stand_for_one_image_of_each_platform),
		STORE_TEST(a_name_moves_to_the_new_image_and_the_old_one_stays_without_it),
		STORE_TEST(removing_names_says_what_is_left),
		STORE_TEST(what_others_wrote_into_the_index_is_kept),
		STORE_TEST(a_damaged_blob_is_refused_with_both_digests),
		STORE_TEST(an_index_that_names_itself_is_refused),
		STORE_TEST(the_best_entry_of_an_index_for_many_platforms_is_taken),
		STORE_TEST(an_image_in_use_is_not_removed_and_a_removed_one_not_used),
		STORE_TEST(removal_does_not_wait_for_an_import),
		STORE_TEST(a_source_is_known_until_it_changes),
		STORE_TEST(an_image_is_unpacked_when_all_its_layers_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
