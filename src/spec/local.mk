# SPDX-License-Identifier: Apache-2.0
# The sandbox_spec: plain data between plan and runtime, and its printed forms.
noinst_LIBRARIES += libspec.a
libspec_a_SOURCES = include/sbx/spec.h src/spec/describe.c src/spec/describe.h src/spec/print_json.c \
	src/spec/print_text.c src/spec/spec.c
