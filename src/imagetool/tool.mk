# SPDX-License-Identifier: Apache-2.0
# The program sbx-image: its commands.  What import and unpack stand on is libimport.a (local.mk).
sbxlibexec_PROGRAMS += sbx-image
sbx_image_SOURCES = \
	src/imagetool/cmd_files.c src/imagetool/cmd_history.c src/imagetool/cmd_inspect.c \
	src/imagetool/cmd_ls.c src/imagetool/cmd_rm.c src/imagetool/cmd_tag.c src/imagetool/cmd_tree.c \
	src/imagetool/cmd_unpack.c src/imagetool/cmd_verify.c src/imagetool/gc.c src/imagetool/gc_trees.c \
	src/imagetool/import.c src/imagetool/layer_read.c src/imagetool/main.c src/imagetool/options.c \
	src/imagetool/print.c src/imagetool/scan.c
sbx_image_CFLAGS = $(AM_CFLAGS) $(IMPORT_CFLAGS)
sbx_image_LDADD = libimport.a libimage.a libpolicy.a libsys.a libutil.a $(IMPORT_LIBS)
