# SPDX-License-Identifier: Apache-2.0
# Images as data: references, the store, manifests.
noinst_LIBRARIES += libimage.a
libimage_a_SOURCES = \
	include/sbx/image.h src/image/json.h \
	src/image/descriptor.c src/image/digest.c src/image/find.c src/image/index.c src/image/json.c \
	src/image/layer.c src/image/layout.c src/image/lock.c src/image/manifest.c src/image/config.c \
	src/image/platform.c src/image/ref.c src/image/source.c src/image/store.c
libimage_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
