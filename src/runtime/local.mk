# SPDX-License-Identifier: Apache-2.0
# Execute a checked sandbox_spec.
noinst_LIBRARIES += libruntime.a
libruntime_a_SOURCES = include/sbx/runtime.h src/runtime/build.h src/runtime/fuse.h src/runtime/rootfs.h \
	src/runtime/sync.h src/runtime/fuse.c src/runtime/mount_dev.c src/runtime/mount_op.c src/runtime/rootfs.c \
	src/runtime/scratch.c src/runtime/stack.c src/runtime/sync.c
