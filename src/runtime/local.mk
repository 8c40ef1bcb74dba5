# SPDX-License-Identifier: Apache-2.0
# Execute a checked sandbox_spec.
noinst_LIBRARIES += libruntime.a
libruntime_a_SOURCES = include/sbx/runtime.h src/runtime/build.h src/runtime/fuse.h src/runtime/rootfs.h \
	src/runtime/sync.h src/runtime/fuse.c src/runtime/mount_dev.c src/runtime/mount_op.c src/runtime/rootfs.c \
	src/runtime/probe.c src/runtime/scratch.c src/runtime/stack.c src/runtime/sync.c src/runtime/child.c src/runtime/child.h \
	src/runtime/guard.c src/runtime/guard.h src/runtime/identity.c src/runtime/identity.h src/runtime/lockdown.c \
	src/runtime/lockdown.h src/runtime/monitor.c src/runtime/monitor.h src/runtime/pty.c src/runtime/pty.h \
	src/runtime/cgroup.c src/runtime/cgroup.h src/runtime/cgroup_scope.c src/runtime/join.c src/runtime/join.h src/runtime/net.c src/runtime/net.h src/runtime/net_pasta.c src/runtime/run.c \
	include/sbx/state.h src/runtime/state.c src/runtime/state_record.c src/runtime/state_run.h \
	src/runtime/trace.c src/runtime/trace.h src/runtime/userns.c src/runtime/userns.h
libruntime_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

if HAVE_CMOCKA
RUNTIME_TESTS = test/unit/runtime/test_identity test/unit/runtime/test_monitor test/unit/runtime/test_scratch \
	test/unit/runtime/test_sync
check_PROGRAMS += $(RUNTIME_TESTS)
TESTS += $(RUNTIME_TESTS)
RUNTIME_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
RUNTIME_TEST_LIBS = libruntime.a libspec.a libpolicy.a libnet.a $(FLOOR_SYS) $(LAUNCHER_LIBS) $(TEST_LIBS)
test_unit_runtime_test_identity_SOURCES = test/unit/runtime/test_identity.c
test_unit_runtime_test_identity_CFLAGS = $(RUNTIME_TEST_CFLAGS)
test_unit_runtime_test_identity_LDADD = $(RUNTIME_TEST_LIBS)
test_unit_runtime_test_monitor_SOURCES = test/unit/runtime/test_monitor.c
test_unit_runtime_test_monitor_CFLAGS = $(RUNTIME_TEST_CFLAGS)
test_unit_runtime_test_monitor_LDADD = $(RUNTIME_TEST_LIBS)
test_unit_runtime_test_scratch_SOURCES = test/unit/runtime/test_scratch.c
test_unit_runtime_test_scratch_CFLAGS = $(RUNTIME_TEST_CFLAGS)
test_unit_runtime_test_scratch_LDADD = $(RUNTIME_TEST_LIBS)
test_unit_runtime_test_sync_SOURCES = test/unit/runtime/test_sync.c
test_unit_runtime_test_sync_CFLAGS = $(RUNTIME_TEST_CFLAGS)
test_unit_runtime_test_sync_LDADD = $(RUNTIME_TEST_LIBS)
endif
