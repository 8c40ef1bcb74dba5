#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rules for the source that a command can see: STYLE and the layers of doc/design.md.

setup() {
	cd "${SBX_SRCDIR:-$BATS_TEST_DIRNAME/../..}" || return 1
}

c_files() { # but for what is generated into a build tree that is the source tree
	find src include test -name '*.[ch]' -not -path src/policy/seccomp_builtin.c -print | sort
}

@test "every #include points down: cli, then plan and runtime, then the middle floors, then sys, then util" {
	run "$BASH" test/lint/includes
	[ "$status" -eq 0 ] || { echo "$output"; false; }
}

@test "the include check finds an arrow that points up" {
	mkdir -p "$BATS_TEST_TMPDIR/src/util" "$BATS_TEST_TMPDIR/src/runtime" "$BATS_TEST_TMPDIR/src/net" "$BATS_TEST_TMPDIR/include/sbx"
	echo '#include "sbx/spawn.h"' >"$BATS_TEST_TMPDIR/src/util/a.c"
	echo '#include "sbx/profile.h"' >"$BATS_TEST_TMPDIR/src/runtime/b.c"
	echo '#include "../image/store.h"' >"$BATS_TEST_TMPDIR/src/net/c.c"
	echo '#include "sbx/nosuch.h"' >"$BATS_TEST_TMPDIR/src/net/d.c"
	printf '#include "sbx/fdio.h"\n#include "sbx/err.h"\n#include <stdio.h>\n' >"$BATS_TEST_TMPDIR/src/net/good.c"
	run "$BASH" test/lint/includes "$BATS_TEST_TMPDIR"
	[ "$status" -eq 1 ]
	[[ $output == *"src/util/a.c: util includes sbx/spawn.h of sys"* ]]
	[[ $output == *"src/runtime/b.c: runtime includes sbx/profile.h of profile"* ]]
	[[ $output == *"src/net/c.c: net includes ../image/store.h of image"* ]]
	[[ $output == *"src/net/d.c: sbx/nosuch.h"* ]]
	[[ $output != *good.c* ]]
}

@test "no source file is over 500 lines" {
	long=$(c_files | xargs wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines" }')
	[ -z "$long" ] || { echo "$long"; false; }
}

@test "no function is over 80 lines" {
	command -v ctags >/dev/null || skip "universal-ctags is not installed"
	long=$(c_files | ctags -x --c-kinds=f --_xformat='%{end} %n %F %N' -L - |
		awk '$1 - $2 + 1 > 80 { print $3 ": " $4 " has " $1 - $2 + 1 " lines" }')
	[ -z "$long" ] || { echo "$long"; false; }
}

@test "every file says its license in the first lines" {
	bad=$({ c_files; find . -name local.mk; find test profiles doc src .ci -type f \
		\( -name '*.bats' -o -name '*.bash' -o -name '*.sh' -o -name run \) ; } |
		while read -r f; do head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f"; done)
	[ -z "$bad" ] || { echo "$bad"; false; }
}

@test "nothing is left to be done later" {
	words='TO''DO|FIX''ME|X''XX\b|HA''CK\b'
	bad=$(grep -rnE "\\b($words)" src include test profiles doc completions --include='*.[ch]' --include='*.def' \
		--include='*.bats' --include='*.bash' --include='*.scd' --include='*.md' --include='*.mk' || true)
	[ -z "$bad" ] || { echo "$bad"; false; }
}

@test "clang-format has nothing to change" {
	format=$(command -v clang-format-14 || command -v clang-format) || skip "clang-format is not installed"
	"$format" --version | grep -q ' 14\.' || skip "the style is pinned to clang-format 14, here is $("$format" --version)"
	bad=$(c_files | xargs "$format" --dry-run --Werror 2>&1 | grep ': error: ' || true)
	[ -z "$bad" ] || { echo "$bad" | head -40; false; }
}

@test "shellcheck has nothing to say about the scripts" {
	command -v shellcheck >/dev/null || skip "shellcheck is not installed"
	scripts=$({ find bootstrap .ci test profiles doc completions src -type f -not -path "test/fuzz/corpus/*" | while read -r f; do
		head -n 2 "$f" | grep -qE '^#! ?(/bin/sh|/usr/bin/env bash|/bin/bash)|shellcheck shell=' && echo "$f"; done; } || true)
	# 1091: sourced files are checked on their own.
	run shellcheck --severity=warning --exclude=SC1091 $scripts
	[ "$status" -eq 0 ] || { echo "$output" | head -60; false; }
}
