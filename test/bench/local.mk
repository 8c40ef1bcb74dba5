# SPDX-License-Identifier: Apache-2.0
# make bench: ratios against peers in one run.  Not a test: nothing fails for being slow.
EXTRA_PROGRAMS += test/bench/floor test/bench/interleave
test_bench_floor_SOURCES = test/bench/floor.c
test_bench_floor_LDADD = libpolicy.a $(FLOOR_SYS)
test_bench_interleave_SOURCES = test/bench/interleave.c
EXTRA_DIST += test/bench/run test/bench/network
CLEANFILES += test/bench/floor test/bench/interleave

bench: all test/bench/floor test/bench/interleave
	@SBX_SRCDIR='$(abs_top_srcdir)' SBX_BUILDDIR='$(abs_top_builddir)' $(BASH_PATH) $(srcdir)/test/bench/run
	@SBX_SRCDIR='$(abs_top_srcdir)' SBX_BUILDDIR='$(abs_top_builddir)' $(BASH_PATH) $(abs_srcdir)/test/bench/network
.PHONY: bench
