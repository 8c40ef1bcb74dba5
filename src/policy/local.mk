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
