# SPDX-License-Identifier: Apache-2.0
# The sandbox_spec: plain data between plan and runtime, and its printed forms.
noinst_LIBRARIES += libspec.a
libspec_a_SOURCES = include/sbx/spec.h src/spec/describe.c src/spec/describe.h src/spec/describe_net.c src/spec/print_json.c \
	src/spec/print_text.c src/spec/spec.c

if HAVE_CMOCKA
check_PROGRAMS += test/unit/spec/test_spec
TESTS += test/unit/spec/test_spec
test_unit_spec_test_spec_SOURCES = test/unit/spec/test_spec.c
test_unit_spec_test_spec_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
test_unit_spec_test_spec_LDADD = libspec.a $(FLOOR_SYS) $(JANSSON_LIBS) $(TEST_LIBS)
endif
