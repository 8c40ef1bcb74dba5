# SPDX-License-Identifier: Apache-2.0
# Process 1 for RunInit=yes: static, as it runs in any image; without sanitizers, which cannot be linked statically.
sbxlibexec_PROGRAMS += sbx-init
sbx_init_SOURCES = src/init/init.c
sbx_init_CFLAGS = $(filter-out -fsanitize%,$(SBX_CFLAGS)) -fno-sanitize=all
sbx_init_LDFLAGS = -static -Wl,-O1 -Wl,--gc-sections -Wl,-z,relro

if HAVE_CMOCKA
check_PROGRAMS += test/unit/init/test_init
TESTS += test/unit/init/test_init
test_unit_init_test_init_SOURCES = test/unit/init/test_init.c
test_unit_init_test_init_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_init_test_init_LDADD = $(FLOOR_SYS) $(TEST_LIBS)
endif
