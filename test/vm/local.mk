# SPDX-License-Identifier: Apache-2.0
# Tests in a virtual machine: another kernel, cgroup v2, systemd.  HACKING, "VIRTUAL MACHINE".  Not part of make check: it
# emulates a processor, and wants packages of its own (./bootstrap --vm).
VM_ENVIRONMENT = SBX_SRCDIR='$(abs_top_srcdir)' SBX_BUILDDIR='$(abs_top_builddir)'

# make check-vm VM_TESTS="test/e2e/hello.bats": others instead.
VM_TESTS = $(patsubst $(srcdir)/%,%,$(sort $(wildcard $(srcdir)/test/vm/*.bats)))

VM_NEEDS = $(filter-out test/unit/%,$(check_PROGRAMS))

check-vm: all $(VM_NEEDS)
	@$(VM_ENVIRONMENT) $(BASH_PATH) $(srcdir)/test/vm/check $(VM_TESTS)

# The end-to-end suite too; an hour or so.  The Debian root file system that it unpacks is made here, where there is a
# network.
check-vm-all: all $(VM_NEEDS)
	@SBX_TEST_CACHE='$(abs_builddir)/test/vm-cache' $(BASH_PATH) $(srcdir)/test/fixtures/debian-rootfs
	@$(VM_ENVIRONMENT) SBX_VM_CACHE='$(abs_builddir)/test/vm-cache' SBX_VM_TIMEOUT=7200 \
		$(BASH_PATH) $(srcdir)/test/vm/check $(VM_TESTS) $(filter test/e2e/%,$(BATS_FILES))

# What limits cost at the start, as a ratio.
bench-vm: all test/bench/interleave
	@$(VM_ENVIRONMENT) $(BASH_PATH) $(srcdir)/test/vm/vm run env SBX_BENCH_ROUNDS="$${SBX_BENCH_ROUNDS:-20}" \
		bash test/vm/bench
.PHONY: check-vm check-vm-all bench-vm

clean-local: clean-vm
clean-vm:
	rm -rf test/vm-cache
.PHONY: clean-vm

EXTRA_DIST += $(VM_TESTS) test/vm/vm test/vm/check test/vm/bench \
	$(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/test/vm/guest/*))
