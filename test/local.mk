# SPDX-License-Identifier: Apache-2.0
# Test wiring.  Unit tests are declared by the folder they test (src/*/local.mk); every test/e2e/*.bats and test/lint/*.bats
# is a test by being there.  HACKING, "Testing", says how they are run.
TEST_EXTENSIONS = .bats
LOG_DRIVER = AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_COMPILER = $(BASH_PATH) $(top_srcdir)/test/lib/run-test
BATS_LOG_DRIVER = $(LOG_DRIVER)
BATS_LOG_COMPILER = $(LOG_COMPILER)
AM_TESTS_ENVIRONMENT = SBX_SRCDIR='$(abs_top_srcdir)'; SBX_BUILDDIR='$(abs_top_builddir)'; \
	BATS='$(BATS)'; SBX_SANITIZED='$(SBX_SANITIZED)'; export SBX_SRCDIR SBX_BUILDDIR BATS SBX_SANITIZED;
if SANITIZERS
SBX_SANITIZED = 1
endif

if HAVE_CMOCKA
TESTS += $(BATS_FILES)
check_DATA += test/check-tree.stamp
# What tries to break out, for test/e2e/security; static and without sanitizers, since it runs on any image.
check_PROGRAMS += test/e2e/probe
test_e2e_probe_SOURCES = test/e2e/probe.c
test_e2e_probe_CFLAGS = -std=gnu17 -Wall -Wextra -Wshadow -Wconversion
test_e2e_probe_LDFLAGS = -static
# What lets one system call fail, for test/e2e/faults*.bats.
check_PROGRAMS += test/lib/fault
test_lib_fault_SOURCES = test/lib/fault.c
test_lib_fault_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
test_lib_fault_LDADD = $(SECCOMP_LIBS)
endif

# Without a suite, `make check` must not look like success.
check-local:
if !HAVE_CMOCKA
	@echo "this tree was configured with --disable-tests: there is nothing to check" >&2; exit 1
endif

# As root: the tests are run by an ordinary account, in a copy of the tree that it can read (test/lib/run-test).
test/check-tree.stamp: FORCE
	@$(MKDIR_P) test
	@SBX_SRCDIR='$(abs_top_srcdir)' SBX_BUILDDIR='$(abs_top_builddir)' $(BASH_PATH) $(srcdir)/test/lib/check-tree
FORCE:
.PHONY: FORCE

clean-local: clean-test
clean-test:
	@SBX_SRCDIR='$(abs_top_srcdir)' SBX_BUILDDIR='$(abs_top_builddir)' $(BASH_PATH) $(srcdir)/test/lib/check-tree --remove
.PHONY: clean-test

EXTRA_DIST += $(BATS_FILES) test/lint/includes test/lib/account test/lib/run-test test/lib/check-tree test/lib/tap-filter.awk \
	$(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/test/e2e/lib/* $(srcdir)/test/fixtures/*))

# The unit tests' names, for who wants only those: make check TESTS="$(make -s print-unit-tests)".
print-unit-tests:
	@echo $(filter test/unit/%,$(TESTS))
.PHONY: print-unit-tests

# The fuzz targets: each folder of src/ adds its own.
.PHONY: fuzz
if !FUZZERS
fuzz:
	@echo "this tree was configured without --enable-fuzzers: there is nothing to fuzz" >&2; exit 1
endif
