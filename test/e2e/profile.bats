# SPDX-License-Identifier: Apache-2.0
# sbx profile: check, show, keys, new.

load lib/common

setup_file() { common_setup_file; }
teardown_file() { common_teardown_file; }

one_line_error() {
	assert_eq "" "$output" "standard output"
	assert_eq 1 "$(wc -l <<<"$stderr")" "lines of standard error"
	assert_has "$stderr" '^sbx: '
}

@test "profile keys lists the language, and one key by its name or alias" {
	run_sbx 0 profile keys
	assert_has "$output" '^\[Sandbox\]$'
	assert_has "$output" '^MemoryMax .*also Memory'
	assert_has "$output" '^Fonts .*not in this build yet'
	run_sbx 0 profile keys exec.workingdir
	assert_has "$output" '^WorkingDirectory '
	assert_lacks "$output" '^Exec '
	run_sbx 1 profile keys Nothing
	one_line_error
	run_sbx 0 profile keys --format json
	python3 -c 'import json,sys; d=json.load(sys.stdin); assert any(k["name"]=="Image" and k["in_this_build"] for k in d)' <<<"$output"
}

@test "a new profile is one that check takes, and no file is overwritten" {
	run_sbx 0 profile new --image debian:12 "$BATS_TEST_TMPDIR/new.ini"
	run_sbx 0 profile check "$BATS_TEST_TMPDIR/new.ini"
	assert_eq "" "$output$stderr"
	run_sbx 0 profile show "$BATS_TEST_TMPDIR/new.ini"
	assert_has "$output" '^Image=debian:12$'
	run_sbx 1 profile new "$BATS_TEST_TMPDIR/new.ini"
	assert_has "$stderr" 'there already'
}

@test "profile check accepts a key of a later build, says so, and fails for a wrong one" {
	local profile
	profile=$(write_profile later <<-'END'
		[Sandbox]
		Rootfs=/
		[Desktop]
		Fonts=yes
	END
	)
	run_sbx 0 profile check "$profile"
	assert_has "$output" 'later.ini:4: \[Desktop\] Fonts.*not in this build yet'
	sed -i 's/yes/much/' "$profile"
	run_sbx 1 profile check "$profile"
	assert_eq "" "$output" "standard output"
	assert_has "$stderr" 'later.ini:4'
}

@test "check as JSON holds each profile's problems and notes, and fails where one is wrong" {
	local good bad
	good=$(write_profile good <<-'END'
		[Sandbox]
		Rootfs=/
		[Desktop]
		Fonts=yes
	END
	)
	bad=$(write_profile bad <<-'END'
		[Sandbox]
		Rootfs=/
		Colour=blue
		[Exec]
		Nice=many
	END
	)
	run_sbx 0 profile check --format json "$good"
	run_sbx 1 profile check --format json "$good" "$bad" no-such-profile
	assert_eq "" "$stderr" "standard error"
	python3 -c '
import json, sys
good, bad, none = json.load(sys.stdin)
assert good["ok"] and not good["problems"], good
assert any("Fonts" in line for line in good["notes"]), good
assert not bad["ok"] and len(bad["problems"]) == 2, bad
assert "bad.ini:3" in bad["problems"][0] and "bad.ini:5" in bad["problems"][1], bad
assert not none["ok"] and "no-such-profile" in none["problems"][0], none' <<<"$output"
}

@test "one wrong profile does not keep the others from being checked" {
	local bad
	bad=$(write_profile bad <<<$'[Sandbox]\nRootfs=/\nColour=blue')
	run_sbx 1 profile check no-such-profile "$bad"
	assert_has "$stderr" "no profile 'no-such-profile'"
	assert_has "$stderr" 'bad.ini:3: .*Colour'
}

@test "check labels a grant that is an escape, and still takes the profile" {
	local profile
	profile=$(write_profile escape <<-'END'
		[Sandbox]
		Rootfs=/
		[Files]
		Bind=~:/home/me
	END
	)
	run_sbx 0 profile check "$profile"
	assert_has "$output" 'escape.ini:4: \[Files\] Bind.*escape'
}

@test "show merges the command line over the file, with the origin of each value" {
	local profile
	profile=$(write_profile merge <<-'END'
		[Sandbox]
		Image=debian:12
		[Exec]
		Nice=5
		Umask=0027
	END
	)
	run_sbx 0 profile show --set Exec.Nice=7 "$profile"
	assert_has "$output" '^# .*merge.ini:5$'
	assert_eq "# command line" "$(grep -B1 '^Nice=7$' <<<"$output" | head -n 1)" "the origin of Nice"
	assert_lacks "$output" '^Nice=5$'
	run_sbx 0 profile show --set Exec.Nice=7 --format json "$profile"
	python3 -c '
import json, sys
values = {v["key"]: v for v in json.load(sys.stdin)["values"]}
assert values["Nice"]["value"] == "7" and values["Nice"]["origins"] == ["command line"], values
assert values["Umask"]["origins"][0].endswith("merge.ini:5"), values' <<<"$output"
}

@test "show merges includes, the profile and its drop-ins, each value with its own line" {
	local profile dir
	profile=$(write_profile main <<<$'[Sandbox]\nInclude=base.ini\n[Exec]\nNice=2\nEnvironment=A=main')
	dir=$(dirname "$profile")
	printf '[Exec]\nNice=1\nUmask=077\nEnvironment=A=base\n' >"$dir/base.ini"
	mkdir "$profile.d"
	printf '[Files]\nBind=data:/data\n[Exec]\nNice=4\n' >"$profile.d/20.conf"
	printf '[Exec]\nNice=3\nUmask=\n' >"$profile.d/10.conf"
	printf 'no profile at all\n' >"$profile.d/10.conf~"
	run_sbx 0 profile show "$profile"
	assert_eq "# $profile.d/20.conf:4 Nice=4" "$(grep -B1 '^Nice=' <<<"$output" | xargs)"
	assert_eq "# $profile.d/10.conf:3 Umask=" "$(grep -B1 '^Umask=' <<<"$output" | xargs)"
	assert_eq "# $dir/base.ini:4 Environment=A=base # $profile:5 Environment=A=main" \
		"$(grep -B1 '^Environment=' <<<"$output" | xargs)"
	assert_has "$output" "^Bind=$dir/data:/data\$"
	printf '[Exec]\nNice=many\n' >"$dir/base.ini"
	run_sbx 1 profile show "$profile"
	one_line_error
	assert_has "$stderr" '/base.ini:2: \[Exec\] Nice: "many"'
}

@test "show refuses a wrong profile with status 1, and no operand or two with status 2" {
	local profile
	profile=$(write_profile wrong <<<$'[Exec]\nNice=many')
	run_sbx 1 profile show "$profile"
	one_line_error
	run_sbx 2 profile show
	one_line_error
	run_sbx 2 profile show "$profile" "$profile"
	one_line_error
	run_sbx 1 profile check --set Exec.Nice=many "$SBX_BUILDDIR/profiles/hello.ini"
	one_line_error
	assert_has "$stderr" 'command line.*Nice'
}

@test "what only a run can find out is told with file, line and key as well" {
	local profile key
	for key in Nice=-20 OOMScoreAdjust=-1000; do
		profile=$(write_profile "${key%=*}" <<<"[Sandbox]"$'\n'"Image=$HELLO_IMAGE"$'\n[Exec]\n'"$key")
		run_sbx 125 run --quiet "$profile"
		one_line_error
		assert_has "$stderr" "${key%=*}.ini:4: \[Exec\] $key: "
		run_sbx 0 explain "$profile"
		assert_has "$output" "${key#*=} .*${key%=*}.ini:4"
	done
	profile=$(write_profile missing <<<$'[Sandbox]\nImage=no-such:1')
	run_sbx 125 run "$profile"
	one_line_error
	assert_has "$stderr" 'missing.ini:2: \[Sandbox\] Image: image no-such:1 is not in the store'
}
