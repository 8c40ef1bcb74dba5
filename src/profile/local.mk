# SPDX-License-Identifier: Apache-2.0
# The profile language: key table, reader, merge, expansion, checks.
noinst_LIBRARIES += libprofile.a
libprofile_a_SOURCES = \
	include/sbx/keys.def include/sbx/profile.h src/profile/expand.h src/profile/inifile.h src/profile/model.h \
	src/profile/table.h \
	src/profile/arg.c src/profile/arg_net.c src/profile/arg_mount.c src/profile/assign.c src/profile/check_exec.c \
	src/profile/check_files.c src/profile/check_machine.c src/profile/check_net.c src/profile/expand.c src/profile/inifile.c \
	src/profile/key_table.c src/profile/load.c src/profile/print.c src/profile/profile.c src/profile/sets.c \
	src/profile/unsupported.c
libprofile_a_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS) $(JANSSON_CFLAGS)

if HAVE_CMOCKA
PROFILE_TESTS = test/unit/profile/test_expand test/unit/profile/test_inifile test/unit/profile/test_load \
	test/unit/profile/test_profile
check_PROGRAMS += $(PROFILE_TESTS)
TESTS += $(PROFILE_TESTS)
test_unit_profile_test_inifile_SOURCES = test/unit/profile/test_inifile.c
test_unit_profile_test_inifile_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(INIH_CFLAGS)
test_unit_profile_test_inifile_LDADD = libprofile.a $(FLOOR_SYS) $(INIH_LIBS) $(JANSSON_LIBS) $(TEST_LIBS)
test_unit_profile_test_expand_SOURCES = test/unit/profile/test_expand.c test/unit/profile/profile_fixture.h
test_unit_profile_test_expand_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_profile_test_expand_LDADD = libprofile.a $(FLOOR_SYS) $(INIH_LIBS) $(JANSSON_LIBS) $(TEST_LIBS)
test_unit_profile_test_load_SOURCES = test/unit/profile/test_load.c test/unit/profile/profile_fixture.h
test_unit_profile_test_load_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_profile_test_load_LDADD = libprofile.a $(FLOOR_SYS) $(INIH_LIBS) $(JANSSON_LIBS) $(TEST_LIBS)
test_unit_profile_test_profile_SOURCES = test/unit/profile/test_profile.c test/unit/profile/profile_fixture.h
test_unit_profile_test_profile_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_profile_test_profile_LDADD = libprofile.a $(FLOOR_SYS) $(INIH_LIBS) $(JANSSON_LIBS) $(TEST_LIBS)
endif
EXTRA_DIST += $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/test/fuzz/corpus/profile/*))

if FUZZERS
EXTRA_PROGRAMS += test/fuzz/fuzz_profile
test_fuzz_fuzz_profile_SOURCES = test/fuzz/fuzz_profile.c
test_fuzz_fuzz_profile_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
test_fuzz_fuzz_profile_LDADD = libprofile.a $(FLOOR_SYS) $(INIH_LIBS) $(JANSSON_LIBS)
fuzz: test/fuzz/fuzz_profile$(EXEEXT)
endif
