# SPDX-License-Identifier: Apache-2.0
# The program sbx-image.  libimport.a: from bytes of others to blobs and extracted layers.
IMPORT_LIBS = $(ARCHIVE_LIBS) $(CRYPTO_LIBS) $(ISAL_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) -lbz2 $(JANSSON_LIBS)
IMPORT_CFLAGS = $(ARCHIVE_CFLAGS) $(CRYPTO_CFLAGS) $(ISAL_CFLAGS) $(ZLIB_CFLAGS) $(ZSTD_CFLAGS) $(LZMA_CFLAGS) \
	$(JANSSON_CFLAGS)

noinst_LIBRARIES += libimport.a
libimport_a_SOURCES = \
	src/imagetool/archive_list.c src/imagetool/blob.c src/imagetool/blob_batch.c src/imagetool/cage.c \
	src/imagetool/caged.c src/imagetool/inflate.c src/imagetool/inflate_gzip.c src/imagetool/inflate_other.c src/imagetool/inflate_run.c \
	src/imagetool/layer.c src/imagetool/layer_entry.c src/imagetool/layer_link.c src/imagetool/layer_meta.c \
	src/imagetool/layer_path.c src/imagetool/layer_run.c src/imagetool/layer_whiteout.c src/imagetool/lower.c src/imagetool/origin.c \
	src/imagetool/origin_archive.c src/imagetool/origin_rootfs.c src/imagetool/origin_write.c src/imagetool/progress.c src/imagetool/tar_input.c \
	src/imagetool/unpack.c src/imagetool/unpack_layers.c src/imagetool/userns.c
libimport_a_CFLAGS = $(AM_CFLAGS) $(IMPORT_CFLAGS)

# The program and its commands.
include src/imagetool/tool.mk

if HAVE_CMOCKA
IMPORT_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(IMPORT_CFLAGS)
IMPORT_TEST_LIBS = libimport.a libimage.a libpolicy.a $(FLOOR_SYS) $(IMPORT_LIBS) $(TEST_LIBS)
IMPORT_TESTS = test/unit/imagetool/test_corpus test/unit/imagetool/test_inflate test/unit/imagetool/test_layer
check_PROGRAMS += $(IMPORT_TESTS)
TESTS += $(IMPORT_TESTS)
test_unit_imagetool_test_corpus_SOURCES = test/unit/imagetool/test_corpus.c
test_unit_imagetool_test_corpus_CFLAGS = $(IMPORT_TEST_CFLAGS)
test_unit_imagetool_test_corpus_LDADD = $(IMPORT_TEST_LIBS)
test_unit_imagetool_test_inflate_SOURCES = test/unit/imagetool/test_inflate.c
test_unit_imagetool_test_inflate_CFLAGS = $(IMPORT_TEST_CFLAGS)
test_unit_imagetool_test_inflate_LDADD = $(IMPORT_TEST_LIBS)
test_unit_imagetool_test_layer_SOURCES = test/unit/imagetool/test_layer.c test/unit/imagetool/tar_make.h
test_unit_imagetool_test_layer_CFLAGS = $(IMPORT_TEST_CFLAGS)
test_unit_imagetool_test_layer_LDADD = $(IMPORT_TEST_LIBS)
endif
EXTRA_DIST += test/fuzz/tar_mutate.h $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/test/fuzz/corpus/layer/* \
	$(srcdir)/test/fuzz/corpus/archive/*))

if FUZZERS
EXTRA_PROGRAMS += test/fuzz/fuzz_layer test/fuzz/fuzz_archive
IMPORT_FUZZ_LIBS = libimport.a libimage.a libpolicy.a $(FLOOR_SYS) $(IMPORT_LIBS)
test_fuzz_fuzz_layer_SOURCES = test/fuzz/fuzz_layer.c src/imagetool/layer_read.c src/imagetool/scan.c
test_fuzz_fuzz_layer_CFLAGS = $(AM_CFLAGS) $(IMPORT_CFLAGS)
test_fuzz_fuzz_layer_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
test_fuzz_fuzz_layer_LDADD = $(IMPORT_FUZZ_LIBS)
test_fuzz_fuzz_archive_SOURCES = test/fuzz/fuzz_archive.c
test_fuzz_fuzz_archive_CFLAGS = $(AM_CFLAGS) $(IMPORT_CFLAGS)
test_fuzz_fuzz_archive_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
test_fuzz_fuzz_archive_LDADD = $(IMPORT_FUZZ_LIBS)
fuzz: test/fuzz/fuzz_layer$(EXEEXT) test/fuzz/fuzz_archive$(EXEEXT)
endif

# For test/e2e/tree.bats: what two copies of a tree must agree in.  Static and without sanitizers, since it runs on any
# image.
if HAVE_CMOCKA
check_PROGRAMS += test/lib/tree-list
test_lib_tree_list_SOURCES = test/lib/tree-list.c src/image/digest.c src/util/alloc.c src/util/cleanup.c src/util/err.c \
	src/util/sha256.c src/util/strv.c src/util/text.c
test_lib_tree_list_CFLAGS = -std=gnu17 -Wall -Wextra -Wshadow -Wconversion $(JANSSON_CFLAGS)
test_lib_tree_list_LDFLAGS = -static
endif
