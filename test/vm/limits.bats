# SPDX-License-Identifier: Apache-2.0
# [Limits] that a cgroup enforces, on a machine that has them: run by make check-vm in its virtual machine, from a log-in
# session whose user manager has all controllers.  test/e2e/limits.bats has what needs no cgroup v2.

load ../e2e/lib/common

setup_file() {
	common_setup_file
	XDG_RUNTIME_DIR=/run/user/$(id -u) # the user manager's, and where sandboxes are found
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/started" ] || xargs kill -KILL <"$BATS_TEST_TMPDIR/started" 2>/dev/null || :
	nothing_left
}

# start NAME ARG... - a sandbox in the background; comes back when its command runs.  $launcher: the process.
start() {
	local name=$1
	shift
	"$SBX" run --name "$name" --image "$HELLO_IMAGE" "$@" </dev/null >"$BATS_TEST_TMPDIR/$name.out" \
		2>"$BATS_TEST_TMPDIR/$name.err" 3>&- &
	launcher=$!
	echo "$launcher" >>"$BATS_TEST_TMPDIR/started"
	disown
	within 60 is_running "$name" || fail "$name did not start: $(cat "$BATS_TEST_TMPDIR/$name.err")"
}
is_running() {
	local dir
	dir=$(cgroup_of "$1")
	[ -n "$dir" ] && grep -q '^populated 1' "$dir/cgroup.events"
}

# within SECONDS COMMAND... - until it succeeds.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# cgroup_of NAME - the directory of the sandbox's own cgroup.
cgroup_of() {
	find /sys/fs/cgroup -type d -name "sbx-$1-????" 2>/dev/null
}
field() { # FILE NAME
	awk -v name="$2" '$1 == name { print $2 }' "$1"
}

# nothing_left - of any sandbox: no cgroup, no scope.
nothing_left() {
	within 30 all_gone || fail "left: $(find /sys/fs/cgroup -type d -name 'sbx-*') $(systemctl --user list-units --all 'sbx-*')"
}
all_gone() {
	[ -z "$(find /sys/fs/cgroup -type d -name 'sbx-*-*' 2>/dev/null)" ]
}

forever='while :; do :; done'

# --------------------------------------------------------------------------------------------------- what each limit does

@test "a memory hog is killed at MemoryMax with all that is in the sandbox, and the message says so" {
	hello_fails 137 -m 32M -- sh -c 'sh -c "x=x; while :; do x=\$x\$x; done"; echo survived'
	assert_has "$stderr" 'out of memory: MemoryMax=32M'
	assert_lacks "$output" survived
}

@test "a fork bomb is held at TasksMax, and stopped with nothing left in under 2 seconds" {
	local dir tasks
	start bomb --pids-limit 30 -- sh -c 'bomb() { while :; do (bomb) & done; }; (bomb) & sleep 1000'
	dir=$(cgroup_of bomb)
	within 60 refused_some "$dir" || fail "no process was refused: $(cat "$dir/pids.current")"
	for _ in 1 2 3 4 5; do
		tasks=$(cat "$dir/pids.current")
		[ "$tasks" -le 30 ] || fail "$tasks tasks"
		sleep 0.2
	done
	local began=${EPOCHREALTIME/./}
	kill -KILL "$launcher"
	within 20 all_gone || fail "still there: $(cat "$dir/cgroup.procs")"
	local took=$((${EPOCHREALTIME/./} - began))
	echo "# stopped in $((took / 1000)) ms" >&3
	[ "$took" -lt 2000000 ] || fail "it took $took us"
}
refused_some() {
	[ "$(field "$1/pids.events" max)" -gt 20 ]
}

@test "CPUQuota=50% gives half a processor" {
	local dir before after began percent
	start half --set Limits.CPUQuota=50% -- sh -c "$forever & $forever"
	dir=$(cgroup_of half)
	began=${EPOCHREALTIME/./} before=$(field "$dir/cpu.stat" usage_usec)
	sleep 10
	after=$(field "$dir/cpu.stat" usage_usec)
	percent=$(((after - before) * 100 / (${EPOCHREALTIME/./} - began)))
	echo "# $percent % of a processor" >&3
	[ "$percent" -ge 45 ] && [ "$percent" -le 55 ] || fail "$percent %"
	[ "$(field "$dir/cpu.stat" nr_throttled)" -gt 10 ]
}

@test "AllowedCPUs=0 leaves one processor to be seen" {
	hello -- nproc
	assert_eq 2 "$output" "processors without the limit"
	hello --set Limits.AllowedCPUs=0 -- sh -c 'nproc; grep Cpus_allowed_list /proc/self/status; cat /sys/fs/cgroup/cpuset.cpus.effective'
	assert_eq "1 Cpus_allowed_list: 0 0" "$(tr -s '\n\t' ' ' <<<"$output" | sed 's/ $//')"
}

# write_seconds ARG... - how long 4 MiB take in 64 pieces, past the page cache.
write_seconds() {
	local began=${EPOCHREALTIME/./}
	hello -v "$disk:/disk" "$@" -- dd if=/dev/zero of=/disk/file bs=64k count=64 oflag=direct
	echo $(((${EPOCHREALTIME/./} - began) / 1000000))
}

@test "the limits of reading and writing slow down direct I/O on the disk that a path lies on" {
	local disk free
	disk=$(mktemp -d /src/disk.XXXXXX)
	free=$(write_seconds -m 500M)
	[ "$(write_seconds --set "Limits.IOWriteBandwidthMax=$disk 1M")" -ge $((free + 3)) ]
	[ "$(write_seconds --set "Limits.IOWriteIOPSMax=$disk 16")" -ge $((free + 3)) ]
	local began=$SECONDS
	hello -v "$disk:/disk" --set "Limits.IOReadBandwidthMax=$disk 1M" -- dd if=/disk/file of=/dev/null bs=64k iflag=direct
	[ $((SECONDS - began)) -ge 3 ]
	began=$SECONDS
	hello -v "$disk:/disk" --set "Limits.IOReadIOPSMax=/dev/vdb 16" -- dd if=/disk/file of=/dev/null bs=64k iflag=direct
	[ $((SECONDS - began)) -ge 3 ]
	rm -r "$disk"
}

@test "each key is written to its file, and limits of setrlimit go with them" {
	hello -m 64M --set Limits.MemoryHigh=48M --set Limits.MemorySwapMax=0 --cpus 1.5 --set Limits.CPUWeight=50 \
		--set Limits.IOWeight=200 --pids-limit 77 --ulimit nofile=99 -- sh -c \
		'cd /sys/fs/cgroup && cat memory.max memory.high memory.oom.group cpu.max cpu.weight pids.max && ulimit -n'
	assert_eq "67108864 50331648 1 150000 100000 50 77 99" "$(tr '\n' ' ' <<<"$output" | sed 's/ $//')"
}

# ------------------------------------------------------------------------------------------------------ seen from inside

@test "inside, /sys/fs/cgroup is the sandbox's own, read-only, and nothing above it" {
	hello -m 64M -- cat /proc/self/cgroup
	assert_eq "0::/" "$output"
	hello -m 64M -- sh -c 'cat /sys/fs/cgroup/memory.max; cat /sys/fs/cgroup/cgroup.procs | wc -l; ls /sys/fs/cgroup/..'
	assert_has "$output" '^67108864$'
	assert_lacks "$output" 'slice|scope|init'
	hello -m 64M -- awk '$5 == "/sys/fs/cgroup" { print $4, $6 }' /proc/self/mountinfo
	assert_has "$output" '^/ ro,'
	hello_fails 1 -m 64M -- sh -c 'echo max >/sys/fs/cgroup/memory.max'
	assert_has "$stderr" 'Read-only file system'
	hello_fails 1 -m 64M -- mkdir /sys/fs/cgroup/more
}

# ------------------------------------------------------------------------------------------ stats, update, pause, unpause

@test "stats shows what is used of what is given, as a table and as JSON" {
	local document
	start counted -m 64M --pids-limit 50 --cpus 0.5 -- sh -c "$forever"
	run_sbx 0 stats counted
	assert_has "$output" '^NAME +CPU +THROTTLED +MEMORY +PEAK +LIMIT +TASKS'
	assert_has "$output" '^counted +[0-9.]+% +[0-9.]+s +[0-9.]+[KM] .* 64\.0M +[12]/50 '
	run_sbx 0 stats --format json counted
	document=$output
	jq -e '.[0] | .name == "counted" and .counted and .memory_max_bytes == 67108864 and .tasks_max == 50 and .tasks >= 1
		and .cpu_percent > 20 and .cpu_percent < 80 and .throttled_usec > 0 and .memory_bytes > 0 and .oom_kills == 0
		and .tasks_refused == 0' <<<"$document" || fail "$document"
	run_sbx 1 stats nobody
	assert_has "$stderr" 'nobody'
}

@test "update changes a running sandbox's limits, and only those" {
	local dir
	start changed -m 64M --pids-limit 50 -- sleep 1000
	dir=$(cgroup_of changed)
	run_sbx 0 update changed --set Limits.MemoryMax=96M --set Limits.TasksMax=60
	assert_eq 100663296 "$(cat "$dir/memory.max")"
	assert_eq 60 "$(cat "$dir/pids.max")"
	run_sbx 1 update changed --set Limits.CPUQuota=50%
	assert_has "$stderr" 'CPUQuota cannot be changed: it was started without any limit of the controller cpu'
	run_sbx 1 update changed --set Limits.MemoryMax=10X
	assert_has "$stderr" 'MemoryMax'
	run_sbx 1 update changed --set Limits.LimitNOFILE=10
	assert_has "$stderr" 'setrlimit'
	run_sbx 2 update changed --set Exec.Exec=/bin/true
	assert_has "$stderr" 'only keys of \[Limits\]'
	assert_eq 100663296 "$(cat "$dir/memory.max")"
}

@test "pause stops all processes where they are, unpause lets them go on" {
	local dir before
	start paused --pids-limit 50 --cpus 1 -- sh -c "$forever & $forever"
	dir=$(cgroup_of paused)
	run_sbx 0 pause paused
	assert_eq 1 "$(field "$dir/cgroup.events" frozen)"
	before=$(field "$dir/cpu.stat" usage_usec)
	sleep 1
	assert_eq "$before" "$(field "$dir/cpu.stat" usage_usec)" "processor time while paused"
	run_sbx 0 unpause paused
	assert_eq 0 "$(field "$dir/cgroup.events" frozen)"
	sleep 1
	[ "$(field "$dir/cpu.stat" usage_usec)" -gt "$before" ]
}

@test "a sandbox without limits has no cgroup: no pause, no update, nothing counted, and that is said" {
	"$SBX" run --name bare --image "$HELLO_IMAGE" -- sh -c 'echo up; exec sleep 1000' </dev/null >"$BATS_TEST_TMPDIR/out" 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/started"
	wait_for_text "$BATS_TEST_TMPDIR/out" up
	run_sbx 1 pause bare
	assert_has "$stderr" 'runs without limits.*any limit gives it one'
	run_sbx 1 update bare --set Limits.MemoryMax=1G
	assert_has "$stderr" 'bare was started without limits'
	run_sbx 0 stats bare
	assert_has "$output" '^bare +no limits: nothing is counted'
}

# ------------------------------------------------------------------------------------------------- where the cgroup is had

# in_unit PROPERTIES ARG... - sbx in a transient service of the user manager.
in_unit() {
	local properties=$1
	shift
	# shellcheck disable=SC2086 # several
	run --separate-stderr timeout 120 systemd-run --user --pipe --wait --quiet --collect $properties \
		-E HOME -E XDG_DATA_HOME -E XDG_STATE_HOME -E XDG_CONFIG_HOME "$SBX" run --image "$HELLO_IMAGE" "$@"
}

@test "from a log-in session it is a scope of the user manager, with a description" {
	local dir
	start placed -m 64M -- sleep 1000
	dir=$(cgroup_of placed)
	assert_has "$dir" "/user@$(id -u).service/app.slice/sbx-placed-[0-9a-f]{4}.scope/sbx-placed-"
	assert_has "$(systemctl --user show -p Description -p Delegate "$(basename "$(dirname "$dir")")")" 'sbx sandbox placed'
}

@test "the user manager is found without its variables, as under sudo or cron" {
	run --separate-stderr env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS "$SBX" run --image "$HELLO_IMAGE" -m 64M -- \
		cat /sys/fs/cgroup/memory.max
	assert_eq "67108864" "$output" "$stderr"
}

@test "from a user service it is a scope too, and below the service where that has Delegate=yes" {
	in_unit "" -m 64M -- cat /sys/fs/cgroup/memory.max
	assert_eq 67108864 "$output"
	in_unit "-p Delegate=yes --unit=sbx-test-delegated" --name inside -m 64M -- cat /sys/fs/cgroup/memory.max
	assert_eq 67108864 "$output"
	# The launcher's own place tells where the other was.
	run systemd-run --user --pipe --wait --quiet --collect -p Delegate=yes -E HOME -E XDG_DATA_HOME -E XDG_STATE_HOME \
		-E XDG_CONFIG_HOME bash -c '
		for i in 1 2; do "$1" run -m 64M --image "$2" -- true || exit; cat /proc/self/cgroup; done; ls -d /sys/fs/cgroup/$(
			sed "s/0:://; s,/sbx-leaf,," /proc/self/cgroup)/*/' sh "$SBX" "$HELLO_IMAGE"
	assert_eq 0 "$status"
	assert_eq 2 "$(grep -c '^0::.*/app.slice/run-u[0-9]*.service/sbx-leaf$' <<<"$output")" "processes in the leaf: $output"
	assert_eq 1 "$(grep -c '^/sys/' <<<"$output")" "cgroups of the unit: $output"
}

@test "a cgroup handed over by root is used without systemd" {
	local hand=/sys/fs/cgroup/handed
	echo "+memory +pids" | sudo tee /sys/fs/cgroup/cgroup.subtree_control
	sudo mkdir "$hand"
	sudo chown "$(id -u)" "$hand" "$hand"/cgroup.{procs,subtree_control,threads}
	run --separate-stderr bash -c 'echo $$ | sudo tee '"$hand"'/cgroup.procs >/dev/null
		env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS "$@" || exit; cat /proc/self/cgroup' sh \
		"$SBX" run -m 64M --pids-limit 20 --image "$HELLO_IMAGE" -- cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	assert_eq $'67108864\n20\n0::/handed/sbx-leaf' "$output"
	sudo rmdir "$hand/sbx-leaf" "$hand"
}

@test "fifty sandboxes with limits at once" {
	local i
	for i in {1..50}; do
		"$SBX" run --name "many$i" -m 20M --pids-limit 10 --image "$HELLO_IMAGE" -- sleep 1000 </dev/null \
			2>>"$BATS_TEST_TMPDIR/err" 3>&- &
		echo $! >>"$BATS_TEST_TMPDIR/started"
		disown
	done
	within 240 fifty_run || fail "$(find /sys/fs/cgroup -name 'sbx-many*-????' | wc -l): $(cat "$BATS_TEST_TMPDIR/err")"
	run_sbx 0 stats
	assert_eq 50 "$(grep -cE '^many[0-9]+ .* 20\.0M ' <<<"$output")" "rows of stats"
	xargs kill -KILL <"$BATS_TEST_TMPDIR/started"
	nothing_left
	assert_eq "" "$(cat "$BATS_TEST_TMPDIR/err")"
}
fifty_run() {
	[ "$(find /sys/fs/cgroup -type d -name 'sbx-many*-????' -exec grep -l '^populated 1' {}/cgroup.events ';' | wc -l)" -eq 50 ]
}

@test "cgroup and scope are gone after the run, and after kill -9 of the launcher" {
	hello -m 64M -- true
	nothing_left
	start killed -m 64M -- sh -c 'sleep 1000 & sleep 1000'
	kill -KILL "$launcher"
	nothing_left
	assert_eq "" "$(systemctl --user list-units --all --no-legend 'sbx-*')" "units"
	assert_eq "" "$(find "$XDG_RUNTIME_DIR/sbx" -mindepth 1 -name 'killed*' 2>/dev/null)" "state"
}

# --------------------------------------------------------------------------------------------- refused, and with Enforce=try

# refused PATTERN ARG... - without Enforce=try an error that says why; with it a warning, and the run goes on.
refused() {
	local pattern=$1
	shift
	hello_fails 125 "$@" -- echo ran
	assert_has "$stderr" "the limits cannot be enforced: .*$pattern"
	assert_lacks "$output" ran
	hello --set Limits.Enforce=try "$@" -- echo ran
	assert_eq ran "$output"
	assert_has "$stderr" "$pattern"
	assert_eq 1 "$(wc -l <<<"$stderr")" "lines of what is not enforced"
}

@test "without a user manager limits are refused, and the message says how to have one" {
	sudo systemctl stop "user@$(id -u).service"
	refused "user manager.*systemctl start user@$(id -u).service" -m 64M
	sudo systemctl start "user@$(id -u).service"
	hello -m 64M -- true
}

@test "an account without a session is told to log in" {
	sudo useradd --create-home other
	run --separate-stderr sudo -u other env -i HOME=/home/other PATH="$PATH" "$SBX" run --image "$HELLO_IMAGE" -m 64M -- true
	assert_eq 125 "$status"
	assert_has "$stderr" 'there is no user manager of systemd \(no /run/user/[0-9]+\): log in'
	sudo userdel -r other
}

@test "a controller that is not delegated is named, with the drop-in that mends it" {
	local drop_in=/etc/systemd/system/user@.service.d/delegate.conf was
	was=$(cat "$drop_in")
	printf '[Service]\nDelegate=pids\n' | sudo tee "$drop_in"
	sudo systemctl daemon-reload
	sudo systemctl restart "user@$(id -u).service"
	refused 'the controller cpuset is not delegated' --set Limits.AllowedCPUs=0
	hello --pids-limit 20 -- true
	# The message's own words mend it.
	hello_fails 125 --set Limits.AllowedCPUs=0 -- true
	sudo bash -c "$(sed 's/.*as root, //; s/; then log out.*//' <<<"$stderr")"
	assert_eq "$was" "$(cat "$drop_in")"
	sudo systemctl restart "user@$(id -u).service"
	hello --set Limits.AllowedCPUs=0 -- nproc
	assert_eq 1 "$output"
}
