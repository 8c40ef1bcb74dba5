# SPDX-License-Identifier: Apache-2.0
# Process 1 for RunInit=yes: static, as it runs in any image; without sanitizers, which cannot be linked statically.
sbxlibexec_PROGRAMS += sbx-init
sbx_init_SOURCES = src/init/init.c
sbx_init_CFLAGS = $(filter-out -fsanitize%,$(SBX_CFLAGS)) -fno-sanitize=all
sbx_init_LDFLAGS = -static -Wl,-O1 -Wl,--gc-sections -Wl,-z,relro
