# SPDX-License-Identifier: Apache-2.0
# Images as data: references, the store, manifests.
noinst_LIBRARIES += libimage.a
libimage_a_SOURCES = \
	include/sbx/image.h src/image/json.h \
	src/image/descriptor.c src/image/digest.c src/image/find.c src/image/index.c src/image/json.c \
	src/image/layer.c src/image/layout.c src/image/lock.c src/image/manifest.c src/image/config.c \
	src/image/platform.c src/image/ref.c src/image/source.c src/image/store.c
libimage_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

if HAVE_CMOCKA
IMAGE_TESTS = test/unit/image/test_manifest test/unit/image/test_ref test/unit/image/test_store
check_PROGRAMS += $(IMAGE_TESTS)
TESTS += $(IMAGE_TESTS)
IMAGE_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
IMAGE_TEST_LIBS = libimage.a $(FLOOR_SYS) $(JANSSON_LIBS) $(TEST_LIBS)
test_unit_image_test_manifest_SOURCES = test/unit/image/test_manifest.c
test_unit_image_test_manifest_CFLAGS = $(IMAGE_TEST_CFLAGS)
test_unit_image_test_manifest_LDADD = $(IMAGE_TEST_LIBS)
test_unit_image_test_ref_SOURCES = test/unit/image/test_ref.c
test_unit_image_test_ref_CFLAGS = $(IMAGE_TEST_CFLAGS)
test_unit_image_test_ref_LDADD = $(IMAGE_TEST_LIBS)
test_unit_image_test_store_SOURCES = test/unit/image/test_store.c
test_unit_image_test_store_CFLAGS = $(IMAGE_TEST_CFLAGS)
test_unit_image_test_store_LDADD = $(IMAGE_TEST_LIBS)
endif
EXTRA_DIST += $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/test/fuzz/corpus/manifest/*))

if FUZZERS
EXTRA_PROGRAMS += test/fuzz/fuzz_manifest
test_fuzz_fuzz_manifest_SOURCES = test/fuzz/fuzz_manifest.c
test_fuzz_fuzz_manifest_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_fuzz_fuzz_manifest_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
test_fuzz_fuzz_manifest_LDADD = libimage.a $(FLOOR_SYS) $(JANSSON_LIBS)
fuzz: test/fuzz/fuzz_manifest$(EXEEXT)
endif
