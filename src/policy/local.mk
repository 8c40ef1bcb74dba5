# SPDX-License-Identifier: Apache-2.0
# What a program inside may do.  The built-in filters are compiled here and now, by gen-filters, into seccomp_builtin.c.
noinst_LIBRARIES += libpolicy.a
libpolicy_a_SOURCES = \
	include/sbx/policy.h src/policy/seccomp_builtin.h src/policy/seccomp_json.h \
	src/policy/seccomp_json_words.h \
	src/policy/caps.c src/policy/landlock.c src/policy/rlimits.c src/policy/seccomp.c src/policy/seccomp_custom.c \
	src/policy/seccomp_json.c src/policy/seccomp_json_words.c src/policy/seccomp_scmp.c
libpolicy_a_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS) $(JANSSON_CFLAGS)
nodist_libpolicy_a_SOURCES = src/policy/seccomp_builtin.c

noinst_PROGRAMS += gen-filters
gen_filters_SOURCES = src/policy/gen_filters.c src/policy/seccomp_compile.c src/policy/seccomp_compile.h \
	src/policy/seccomp_rules.def
gen_filters_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
gen_filters_LDADD = libutil.a $(SECCOMP_LIBS)

src/policy/seccomp_builtin.c: gen-filters$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) src/policy && ./gen-filters$(EXEEXT) >$@.tmp && mv $@.tmp $@
CLEANFILES += src/policy/seccomp_builtin.c src/policy/seccomp_builtin.c.tmp

if HAVE_CMOCKA
POLICY_TESTS = test/unit/policy/test_builtin test/unit/policy/test_custom test/unit/policy/test_policy
check_PROGRAMS += $(POLICY_TESTS)
TESTS += $(POLICY_TESTS)
POLICY_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
POLICY_TEST_LIBS = libpolicy.a $(FLOOR_SYS) $(JANSSON_LIBS) $(SECCOMP_LIBS) $(TEST_LIBS)
test_unit_policy_test_builtin_SOURCES = test/unit/policy/test_builtin.c test/unit/policy/filter_run.h \
	src/policy/seccomp_compile.c
test_unit_policy_test_builtin_CFLAGS = $(POLICY_TEST_CFLAGS)
test_unit_policy_test_builtin_LDADD = $(POLICY_TEST_LIBS)
test_unit_policy_test_custom_SOURCES = test/unit/policy/test_custom.c test/unit/policy/filter_run.h \
	src/policy/seccomp_compile.c
test_unit_policy_test_custom_CFLAGS = $(POLICY_TEST_CFLAGS)
test_unit_policy_test_custom_LDADD = $(POLICY_TEST_LIBS)
test_unit_policy_test_policy_SOURCES = test/unit/policy/test_policy.c
test_unit_policy_test_policy_CFLAGS = $(POLICY_TEST_CFLAGS)
test_unit_policy_test_policy_LDADD = $(POLICY_TEST_LIBS)
endif
EXTRA_DIST += $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/test/fuzz/corpus/seccomp_json/*))

if FUZZERS
EXTRA_PROGRAMS += test/fuzz/fuzz_seccomp_json
test_fuzz_fuzz_seccomp_json_SOURCES = test/fuzz/fuzz_seccomp_json.c
test_fuzz_fuzz_seccomp_json_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
test_fuzz_fuzz_seccomp_json_LDADD = libpolicy.a $(FLOOR_SYS) $(JANSSON_LIBS) $(SECCOMP_LIBS)
fuzz: test/fuzz/fuzz_seccomp_json$(EXEEXT)
endif
