# SPDX-License-Identifier: Apache-2.0
# What the program starts with: descriptors, working directory, capabilities, groups, flags; the masks of /proc and /sys;
# and what no process of ours lets it do.

load ../lib/common

setup_file() {
	common_setup_file
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }

setup() {
	out=$BATS_TEST_TMPDIR/out
	make_canary "$out"
}

status_of() { # FIELD, of /proc/self/status in $output
	awk -v name="$1:" '$1 == name { $1 = ""; sub(/^ /, ""); print }' <<<"$output"
}

@test "no descriptor but 0, 1 and 2 reaches the program" {
	local n
	exec {n}<"$out/canary" 200<"$out" 255<"$out/canary"
	hello -- sh -c 'ls -l /proc/self/fd; cat /proc/self/fd/'"$n"' /proc/self/fd/200/canary /proc/1/fd/255 2>/dev/null; echo end'
	exec {n}<&- 200<&- 255<&-
	# ls holds the directory that it lists, but no longer when it looks at what that descriptor is.
	assert_eq "0 1 2" "$(grep -oE '[0-9]+ -> ' <<<"$output" | grep -oE '^[0-9]+' | xargs)" "descriptors"
	assert_eq 4 "$(grep -cE '^[l-].* root ' <<<"$output")" "descriptors with that of ls"
	assert_lacks "$output" 'canary'
	check_canary "$out"
}

@test "descriptors of a program that closes the standard ones are not mixed up" {
	run --separate-stderr sh -c '"$1" run --image "$2" -- sh -c "ls -l /proc/self/fd >/root/x; cat /root/x" <&-' sh "$SBX" "$HELLO_IMAGE"
	[ "$status" -eq 0 ] || [ "$status" -eq 125 ] || fail "exit status $status"
	assert_lacks "$output" 'sbx/'
}

@test "a working directory on somebody's descriptor leads nowhere: /proc/self/fd/N" {
	local i
	cd "$out"
	exec 200<"$out"
	for i in 3 4 5 6 7 8 9 10 11 12 200; do
		run --separate-stderr timeout 60 "$SBX" run --image "$HELLO_IMAGE" -w "/proc/self/fd/$i" -- sh -c 'cat canary ./canary ../canary ../out/canary; pwd; ls ../..'
		assert_lacks "$output" 'canary sings'
	done
	exec 200<&-
	check_canary "$out"
}

@test "the working directory is inside, wherever sbx was started" {
	cd "$out"
	hello -- sh -c 'readlink /proc/self/cwd; cat canary 2>/dev/null; echo end'
	assert_eq "/root" "$(head -n 1 <<<"$output")" "the working directory"
	assert_lacks "$output" 'canary sings'
}

@test "root with a single id has no capability, and none can come back" {
	hello --userns single -- cat /proc/self/status
	local set
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		assert_eq 0000000000000000 "$(status_of $set)" "$set"
	done
	assert_eq 1 "$(status_of NoNewPrivs)" "no new privileges"
	assert_eq 2 "$(status_of Seccomp)" "the filter's mode"
}

@test "root with subordinate ids has the default eleven, nothing inheritable, nothing ambient" {
	need_subids
	hello --userns subuid -- cat /proc/self/status
	# CHOWN 0 DAC_OVERRIDE 1 FOWNER 3 FSETID 4 KILL 5 SETGID 6 SETUID 7 SETPCAP 8 NET_BIND_SERVICE 10 SYS_CHROOT 18 SETFCAP 31
	local set
	for set in CapPrm CapEff CapBnd; do
		assert_eq 00000000800405fb "$(status_of $set)" "$set"
	done
	assert_eq 0000000000000000 "$(status_of CapInh)" "inheritable"
	assert_eq 0000000000000000 "$(status_of CapAmb)" "ambient"
}

@test "another user than root has no capability" {
	need_subids
	hello --userns subuid --user nobody -w / -- sh -c 'id -u; cat /proc/self/status'
	assert_eq 65534 "$(head -n 1 <<<"$output")" "the user"
	local set
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		assert_eq 0000000000000000 "$(status_of $set)" "$set"
	done
}

@test "dropped and added capabilities are in force" {
	need_subids
	hello --userns subuid --cap-drop all --cap-add CHOWN -- cat /proc/self/status
	assert_eq 0000000000000001 "$(status_of CapEff)" "effective"
	assert_eq 0000000000000001 "$(status_of CapBnd)" "bounding"
}

@test "the caller's supplementary groups are dropped" {
	hello --userns single -- cat /proc/self/status
	# With a single id setgroups(2) is denied for good; the kernel shows what the map does not know as 65534.
	assert_lacks "$(status_of Groups)" '[1-9]'
	if has_subids; then
		hello --userns subuid -- cat /proc/self/status
		assert_lacks "$(status_of Groups)" '[1-9]'
	fi
}

@test "every mount is nosuid, and all but the device nodes are nodev" {
	hello -v "$out:/in" --tmpfs /t -- cat /proc/self/mountinfo
	local line options point
	while read -r line; do
		point=$(cut -d' ' -f5 <<<"$line")
		options=$(cut -d' ' -f6 <<<"$line")
		[[ ,$options, == *,nosuid,* ]] || fail "not nosuid: $line"
		case $point in
		/dev/null | /dev/zero | /dev/full | /dev/random | /dev/urandom | /dev/tty | /dev/pts | /dev/console) ;;
		*) [[ ,$options, == *,nodev,* ]] || fail "not nodev: $line" ;;
		esac
	done <<<"$output"
}

@test "a setuid file gives nothing" {
	need_subids
	local tree=$BATS_TEST_TMPDIR/tree
	make_rootfs "$tree"
	chmod 4755 "$tree/bin/probe"
	run_sbx 0 run --userns subuid --rootfs "$tree" --user nobody -- /bin/probe ids
	assert_eq "65534 65534 65534 65534" "$output" "ids of a setuid-root program"
	run_sbx 0 run --userns subuid --rootfs "$tree" -- sh -c 'cp /bin/probe /p; chmod 6755 /p; setuidgid nobody /p ids || true' 
	assert_lacks "$output" ' 0( |$)'
}

@test "what is masked in /proc and /sys cannot be read" {
	hello -- sh -c '
		for f in /proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/scsi \
			/proc/timer_list /proc/timer_stats /sys/firmware /sys/fs/selinux /sys/devices/virtual/powercap; do
			[ -e $f ] || continue
			if [ -d $f ]; then [ -z "$(ls -A $f 2>/dev/null)" ] || echo "$f can be listed"
			else [ -z "$(head -c 1 $f 2>/dev/null | od -An)" ] || echo "$f can be read"; fi
		done; echo end'
	assert_eq end "$output" "what can be seen"
}

@test "what is read-only in /proc and /sys cannot be written" {
	hello -- sh -c '
		for f in /proc/sys/kernel/hostname /proc/sys/kernel/core_pattern /proc/sys/net/ipv4/ip_forward /proc/sysrq-trigger /proc/irq/default_smp_affinity \
			/proc/bus/x /proc/fs/x /proc/irq/x /sys/kernel/x /sys/power/state /sys/fs/cgroup/x /sys/fs/cgroup/cgroup.procs; do
			(echo 1 >$f) 2>/dev/null && echo "$f was written"
		done
		for d in /proc/bus /proc/fs /proc/irq /proc/sys /sys /sys/fs/cgroup; do
			[ -d $d ] || continue
			grep -qE "^[^ ]+ [^ ]+ [^ ]+ [^ ]+ $d ro[, ]" /proc/self/mountinfo || echo "$d is not mounted read-only"
		done; echo end'
	assert_eq end "$(grep -v '/sys/fs/cgroup is not' <<<"$output")" "what can be written"
}

@test "masks stay when the program tries to take them away" {
	hello -- sh -c 'umount /proc/kcore; umount -l /proc/sys; umount /sys/firmware; mount -t proc proc /root; mount -o remount,rw /proc/sys
		mount -t tmpfs none /root && echo mounted; ls /root; echo 1 >/proc/sys/kernel/hostname && echo written; echo end'
	assert_eq end "$output"
}

@test "Unmask and Mask in a profile are in force" {
	hello --set Security.Mask=/proc/uptime -- sh -c 'cat /proc/uptime 2>/dev/null; echo end'
	assert_eq end "$output"
	hello --set 'Security.Mask=/etc/passwd /usr /no/such/place' -- \
		/bin/sh -c 'cat /etc/passwd 2>&1; ls /usr 2>&1; ls /no 2>&1; echo x 2>&1 >/etc/passwd; echo end'
	assert_eq end "$(tail -n 1 <<<"$output")"
	assert_lacks "$output" root:
	assert_lacks "$output" '^bin$'
	hello --set Security.Unmask=/proc/interrupts -- sh -c 'head -n 1 /proc/interrupts'
	assert_has "$output" 'CPU0'
}

@test "/dev is fresh: the usual nodes, and none of the host's disks or memory" {
	hello -- sh -c 'ls /dev; for f in null zero full random urandom; do [ -c /dev/$f ] || echo "no $f"; done; echo x >/dev/null; head -c 4 /dev/zero | od -An -tx1'
	assert_eq "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero" \
		"$(grep -vE '00 00|^no ' <<<"$output" | sort | xargs)" "names in /dev"
	assert_lacks "$output" '^no '
	assert_has "$output" '00 00 00 00'
	hello -- sh -c 'mknod /root/sda b 8 0 && cat /root/sda; mknod /root/mem c 1 1 && head -c 1 /root/mem && echo read; echo end'
	assert_lacks "$output" '^read$'
}

@test "process 1 is no file that the inside could write" {
	hello --init -- sh -c 'readlink /proc/1/exe; /probe write /proc/1/exe; cp /bin/busybox /proc/1/exe && echo written; echo end' \
		2>/dev/null || true
	hello --init -v "$SBX_BUILDDIR/test/e2e/probe:/probe:ro" -- sh -c '/probe write /proc/1/exe; cp /bin/busybox /proc/1/exe 2>/dev/null && echo written; echo end'
	assert_lacks "$output" 'exe ok|written'
	assert_has "$output" '^end$'
}

@test "the host name and the cgroup are the sandbox's own" {
	hello -- sh -c 'cat /proc/self/cgroup; hostname'
	assert_lacks "$(grep : <<<"$output")" ':/[^ ]+$'
}

@test "signals to all processes reach only the sandbox's" {
	sleep 300 3>&- &
	local victim=$!
	hello_fails 0 -- sh -c 'trap "" TERM; kill -TERM -1; echo end'
	kill -0 "$victim"
	kill "$victim"
}

@test "the program starts with default signals, none blocked, whatever the caller ignores or blocks" {
	local option
	# Not by sh -c: busybox sh ignores SIGQUIT itself, and what it executes in its own place inherits that.
	for option in --set=Exec.RunInit=no --init --tty; do
		run --separate-stderr timeout 60 env --ignore-signal --block-signal "$SBX" run "$option" --image "$HELLO_IMAGE" -- \
			cat /proc/self/status
		assert_eq "0 " "$status $stderr" "status of sbx run $option"
		output=${output//$'\r'/}
		assert_eq 0000000000000000 "$(status_of SigIgn)" "ignored with $option"
		assert_eq 0000000000000000 "$(status_of SigBlk)" "blocked with $option"
	done
}

@test "user and group texts are strict" {
	local text
	for text in 4294967295 4294967296 -1 0x0 1e3 99999999999999999999 ' 0' '0 ' '+0' '0:' '0:-1' '0:4294967295' ':0' $'0\nroot' no-such; do
		run --separate-stderr timeout 60 "$SBX" run --image "$HELLO_IMAGE" --user="$text" -- id
		[ "$status" -eq 125 ] || fail "--user='$text' was taken, status $status: $output"
		[ -n "$stderr" ] || fail "--user='$text' was refused without a word"
	done
}

@test "sbx refuses to run when it is setuid" {
	need_subids
	# A copy that belongs to a subordinate id, with the setuid bit: whoever starts it is that id.
	cp "$SBX" "$BATS_TEST_TMPDIR/sbx"
	cp "$SBX_BUILDDIR/test/e2e/probe" "$BATS_TEST_TMPDIR/probe"
	chmod 0755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/sbx" "$BATS_TEST_TMPDIR/probe"
	unshare --map-root-user --map-auto --setgroups allow sh -c 'chown 1:1 "$@"; chmod 4755 "$@"' sh \
		"$BATS_TEST_TMPDIR/sbx" "$BATS_TEST_TMPDIR/probe"
	run "$BATS_TEST_TMPDIR/probe" ids
	[ "$(cut -d' ' -f1 <<<"$output")" != "$(cut -d' ' -f2 <<<"$output")" ] || skip "setuid files give nothing in $BATS_TEST_TMPDIR"
	run "$BATS_TEST_TMPDIR/sbx" run --image "$HELLO_IMAGE" -- true
	assert_eq 125 "$status" "status"
	assert_has "$output" 'setuid'
	unshare --map-root-user --map-auto --setgroups allow rm -f "$BATS_TEST_TMPDIR/sbx" "$BATS_TEST_TMPDIR/probe"
}
