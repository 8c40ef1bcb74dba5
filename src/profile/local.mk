# SPDX-License-Identifier: Apache-2.0
# The profile language: key table, reader, merge, expansion, checks.
noinst_LIBRARIES += libprofile.a
libprofile_a_SOURCES = \
	include/sbx/keys.def include/sbx/profile.h src/profile/expand.h src/profile/inifile.h src/profile/model.h \
	src/profile/table.h \
	src/profile/arg.c src/profile/arg_net.c src/profile/arg_mount.c src/profile/assign.c src/profile/check_exec.c \
	src/profile/check_files.c src/profile/check_net.c src/profile/expand.c src/profile/inifile.c \
	src/profile/key_table.c src/profile/load.c src/profile/print.c src/profile/profile.c src/profile/sets.c \
	src/profile/unsupported.c
libprofile_a_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS) $(JANSSON_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += test/unit/profile/test_profile
TESTS += test/unit/profile/test_profile
test_unit_profile_test_profile_SOURCES = test/unit/profile/test_profile.c
test_unit_profile_test_profile_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_profile_test_profile_LDADD = libprofile.a $(FLOOR_SYS) $(INIH_LIBS) $(JANSSON_LIBS) $(TEST_LIBS)
endif
