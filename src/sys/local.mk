# SPDX-License-Identifier: Apache-2.0
# Raw system calls, each with its fallback: descriptors, processes, id maps, directories, mounts.
noinst_LIBRARIES += libsys.a
libsys_a_SOURCES = \
	include/sbx/cgroupfs.h include/sbx/dirs.h include/sbx/fdio.h include/sbx/idmap.h include/sbx/mountapi.h include/sbx/resolve.h \
	include/sbx/spawn.h src/sys/own.h \
	src/sys/cgroupfs.c src/sys/dirs.c src/sys/durable.c src/sys/fdio.c src/sys/fdio_others.c src/sys/idmap.c src/sys/idmap_name.c \
	src/sys/idmap_write.c src/sys/mountapi.c src/sys/netaddr.c src/sys/pidfd.c src/sys/proc.c src/sys/resolve.c \
	src/sys/resolve_walk.c src/sys/resolve_walk.h src/sys/spawn.c src/sys/spawn_find.c src/sys/subid.c src/sys/tree.c

if HAVE_CMOCKA
SYS_TESTS = test/unit/sys/test_fdio test/unit/sys/test_idmap test/unit/sys/test_process test/unit/sys/test_resolve \
	test/unit/sys/test_tree
check_PROGRAMS += $(SYS_TESTS)
TESTS += $(SYS_TESTS)
SYS_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
SYS_TEST_LIBS = $(FLOOR_SYS) $(TEST_LIBS)
test_unit_sys_test_fdio_SOURCES = test/unit/sys/test_fdio.c
test_unit_sys_test_fdio_CFLAGS = $(SYS_TEST_CFLAGS)
test_unit_sys_test_fdio_LDADD = $(SYS_TEST_LIBS)
test_unit_sys_test_idmap_SOURCES = test/unit/sys/test_idmap.c
test_unit_sys_test_idmap_CFLAGS = $(SYS_TEST_CFLAGS)
test_unit_sys_test_idmap_LDADD = $(SYS_TEST_LIBS)
test_unit_sys_test_process_SOURCES = test/unit/sys/test_process.c
test_unit_sys_test_process_CFLAGS = $(SYS_TEST_CFLAGS)
test_unit_sys_test_process_LDADD = $(SYS_TEST_LIBS)
test_unit_sys_test_resolve_SOURCES = test/unit/sys/test_resolve.c
test_unit_sys_test_resolve_CFLAGS = $(SYS_TEST_CFLAGS)
test_unit_sys_test_resolve_LDADD = $(SYS_TEST_LIBS)
test_unit_sys_test_tree_SOURCES = test/unit/sys/test_tree.c
test_unit_sys_test_tree_CFLAGS = $(SYS_TEST_CFLAGS)
test_unit_sys_test_tree_LDADD = $(SYS_TEST_LIBS)
endif
