# SPDX-License-Identifier: Apache-2.0
# Text, numbers, errors, cleanup: stands on libc alone.
noinst_LIBRARIES += libutil.a
libutil_a_SOURCES = \
	include/sbx/cleanup.h include/sbx/err.h include/sbx/log.h include/sbx/parse.h include/sbx/path.h \
	include/sbx/sha256.h include/sbx/str.h include/sbx/strv.h \
	src/util/alloc.c src/util/cleanup.c src/util/err.c src/util/log.c src/util/nearest.c src/util/parse.c \
	src/util/path.c src/util/sha256.c src/util/signals.c src/util/strv.c src/util/text.c src/util/words.c

if HAVE_CMOCKA
check_PROGRAMS += test/unit/util/test_util
TESTS += test/unit/util/test_util
test_unit_util_test_util_SOURCES = test/unit/util/test_util.c
test_unit_util_test_util_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_util_test_util_LDADD = libutil.a $(TEST_LIBS)
check_PROGRAMS += test/unit/util/test_sha256
TESTS += test/unit/util/test_sha256
test_unit_util_test_sha256_SOURCES = test/unit/util/test_sha256.c
test_unit_util_test_sha256_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_util_test_sha256_LDADD = libutil.a $(TEST_LIBS)
endif
