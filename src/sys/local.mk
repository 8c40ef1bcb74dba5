# SPDX-License-Identifier: Apache-2.0
# Raw system calls, each with its fallback: descriptors, processes, id maps, directories, mounts.
noinst_LIBRARIES += libsys.a
libsys_a_SOURCES = \
	include/sbx/cgroupfs.h include/sbx/dirs.h include/sbx/fdio.h include/sbx/idmap.h include/sbx/mountapi.h include/sbx/resolve.h \
	include/sbx/spawn.h src/sys/own.h \
	src/sys/cgroupfs.c src/sys/dirs.c src/sys/durable.c src/sys/fdio.c src/sys/fdio_others.c src/sys/idmap.c src/sys/idmap_name.c \
	src/sys/idmap_write.c src/sys/mountapi.c src/sys/netaddr.c src/sys/pidfd.c src/sys/proc.c src/sys/resolve.c \
	src/sys/resolve_walk.c src/sys/resolve_walk.h src/sys/spawn.c src/sys/spawn_find.c src/sys/subid.c src/sys/tree.c
