# SPDX-License-Identifier: Apache-2.0
# profile + image -> one checked, constant sandbox_spec.
noinst_LIBRARIES += libplan.a
libplan_a_SOURCES = \
	include/sbx/plan.h src/plan/plan_parts.h \
	src/plan/build.c src/plan/cgroup.c src/plan/check.c src/plan/command.c src/plan/env.c src/plan/etc.c src/plan/files.c \
	src/plan/fixed.c src/plan/hide.c src/plan/limits.c src/plan/net.c src/plan/process.c src/plan/require.c src/plan/root.c \
	src/plan/say.c src/plan/security.c src/plan/userns.c
libplan_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

if HAVE_CMOCKA
PLAN_TESTS = test/unit/plan/test_limits test/unit/plan/test_mounts test/unit/plan/test_process
check_PROGRAMS += $(PLAN_TESTS)
TESTS += $(PLAN_TESTS)
PLAN_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
PLAN_TEST_LIBS = libplan.a libprofile.a libimage.a libpolicy.a libnet.a libspec.a $(FLOOR_SYS) $(JANSSON_LIBS) $(SECCOMP_LIBS) \
	$(INIH_LIBS) $(TEST_LIBS)
test_unit_plan_test_limits_SOURCES = test/unit/plan/test_limits.c test/unit/plan/plan_fixture.h
test_unit_plan_test_limits_CFLAGS = $(PLAN_TEST_CFLAGS)
test_unit_plan_test_limits_LDADD = $(PLAN_TEST_LIBS)
test_unit_plan_test_mounts_SOURCES = test/unit/plan/test_mounts.c test/unit/plan/plan_fixture.h
test_unit_plan_test_mounts_CFLAGS = $(PLAN_TEST_CFLAGS)
test_unit_plan_test_mounts_LDADD = $(PLAN_TEST_LIBS)
test_unit_plan_test_process_SOURCES = test/unit/plan/test_process.c test/unit/plan/plan_fixture.h
test_unit_plan_test_process_CFLAGS = $(PLAN_TEST_CFLAGS)
test_unit_plan_test_process_LDADD = $(PLAN_TEST_LIBS)
endif
