# SPDX-License-Identifier: Apache-2.0
# profile + image -> one checked, constant sandbox_spec.
noinst_LIBRARIES += libplan.a
libplan_a_SOURCES = \
	include/sbx/plan.h src/plan/plan_parts.h \
	src/plan/build.c src/plan/check.c src/plan/command.c src/plan/env.c src/plan/etc.c src/plan/files.c \
	src/plan/fixed.c src/plan/hide.c src/plan/limits.c src/plan/process.c src/plan/require.c src/plan/root.c \
	src/plan/say.c src/plan/security.c src/plan/userns.c
libplan_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
