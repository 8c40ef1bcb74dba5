# SPDX-License-Identifier: Apache-2.0
# Issue 2, acceptance 5, on the small image: a terminal of the sandbox's own, and the caller's as it was, whatever happens.
# (bash and its job control: debian.bats.)

load lib/common

setup_file() {
	common_setup_file
	"$SBX" run --image "$HELLO_IMAGE" -- true </dev/null
}
teardown_file() { common_teardown_file; }

setup() {
	need tmux
	TMUX_TMPDIR=$(mktemp -d /tmp/sbx-tmux.XXXXXX) # a socket's path is short
	export TMUX_TMPDIR
	unset TMUX
	# A shell whose prompt is the same everywhere, which starts sbx as a person would.
	tmux -f /dev/null new-session -d -x 90 -y 30 "env PS1='outside> ' bash --norc --noprofile"
	tmux set-option -g status off
	screen_has 'outside> *$'
	keys "stty -a | grep -v '^speed' >$BATS_TEST_TMPDIR/stty.before" Enter
	wait_for_text "$BATS_TEST_TMPDIR/stty.before" 'echok'
}
teardown() {
	tmux kill-server 2>/dev/null || true
	rm -rf "$TMUX_TMPDIR"
}

keys() { tmux send-keys "$@"; }
screen() { tmux capture-pane -p; }
screen_has() {
	local i
	for ((i = 0; i < 200; i++)); do
		! screen | grep -v '^$' | grep -qE -- "$1" || return 0
		sleep 0.05
	done
	fail "the screen never showed /$1/: $(screen)"
}
# enter_sandbox OPTION... - a shell in a sandbox with a terminal.
enter_sandbox() {
	keys "$SBX run -t -e PS1='inside> ' $* --image $HELLO_IMAGE -- sh" Enter
	screen_has '^inside> *$'
}
# What the person's terminal is like now; the shell outside must be back.
terminal_is_as_it_was() {
	keys C-u
	keys "stty -a | grep -v '^speed' >$BATS_TEST_TMPDIR/stty.after; echo asked" Enter
	wait_for_text "$BATS_TEST_TMPDIR/stty.after" 'echok'
	screen_has '^asked$'
	diff "$BATS_TEST_TMPDIR/stty.before" "$BATS_TEST_TMPDIR/stty.after" || fail "the terminal is not what it was"
}
launcher_pid() {
	local pane
	pane=$(tmux display-message -p '#{pane_pid}')
	ps -o pid= --ppid "$pane" | head -n 1 | tr -d ' '
}

@test "the terminal inside is a new one, the size of the window, and follows it" {
	enter_sandbox
	keys 'tty; stty size' Enter
	screen_has '^/dev/pts/0$'
	screen_has '^30 90$'
	tmux resize-window -x 70 -y 20
	sleep 0.3
	keys 'stty size' Enter
	screen_has '^20 70$'
}

@test "the terminal inside is a terminal on all three descriptors, and there is no other" {
	enter_sandbox
	keys 'ls /dev/pts; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all three; echo x >/dev/tty && echo tty works' Enter
	screen_has '^all three$'
	screen_has '^tty works$'
	screen_has '^0 +ptmx$'
}

@test "Ctrl-C interrupts the program inside and not sbx, Ctrl-Z stops it, Ctrl-D ends the shell" {
	enter_sandbox
	keys 'sleep 1000' Enter
	sleep 0.5
	keys C-c
	keys 'echo status $?' Enter
	screen_has '^status 130$'
	keys 'sleep 1000' Enter
	sleep 0.5
	keys C-z
	screen_has 'Stopped +sleep 1000'
	keys 'kill -9 %1; sleep 1; jobs; echo killed' Enter
	screen_has '^killed$'
	keys C-d
	screen_has '^outside> *$'
	terminal_is_as_it_was
}

@test "a full-screen program works and leaves the screen as it should" {
	enter_sandbox
	keys 'vi /etc/motd' Enter
	screen_has 'new: written by the second layer'
	screen_has '^~$'
	keys 'o' 'a line of ours' Escape
	sleep 0.5 # what follows an escape at once is taken for a function key
	keys ':wq' Enter
	screen_has '^inside> *$'
	keys 'clear; tail -n 1 /etc/motd' Enter
	screen_has '^a line of ours$'
}

@test "the exit status comes back through a terminal, and the terminal is as it was" {
	enter_sandbox
	keys 'exit 7' Enter
	screen_has '^outside> *$'
	keys 'echo status $?' Enter
	screen_has '^status 7$'
	terminal_is_as_it_was
}

@test "the terminal is sane after kill -9 of sbx" {
	enter_sandbox
	local pid
	pid=$(launcher_pid)
	kill -9 "$pid"
	screen_has 'Killed'
	sleep 0.5
	terminal_is_as_it_was
}

@test "the terminal is sane after kill -9 of every other process of the run" {
	local pid victim n i
	enter_sandbox
	pid=$(launcher_pid)
	mapfile -t tree < <(descendants "$pid")
	n=${#tree[@]}
	keys 'exit' Enter
	screen_has 'outside> *$'
	[ "$n" -ge 2 ] || fail "a run has $n processes"
	for ((i = 0; i < n; i++)); do
		keys 'clear' Enter
		enter_sandbox
		pid=$(launcher_pid)
		mapfile -t tree < <(descendants "$pid")
		victim=${tree[i]}
		[ "$victim" != "$pid" ] || continue # that one is the test above
		kill -9 "$victim"
		gone_within 20 "${tree[@]}"
		terminal_is_as_it_was
		rm "$BATS_TEST_TMPDIR/stty.after"
	done
}

@test "kill -HUP of sbx reaches a shell in a terminal and ends it, and the terminal is as it was" {
	enter_sandbox
	local pid
	pid=$(launcher_pid)
	mapfile -t tree < <(descendants "$pid")
	kill -HUP "$pid"
	gone_within 20 "${tree[@]}"
	terminal_is_as_it_was
}

# through_terminal COMMAND - what the command writes to a terminal of script(1)'s.  Its input never ends: at an end script
# types Ctrl-D, whose echo stands anywhere among the output.
through_terminal() {
	mkfifo "$BATS_TEST_TMPDIR/input"
	script -qec "$1" /dev/null <>"$BATS_TEST_TMPDIR/input" | tr -d '\r'
}

@test "no byte is lost or doubled on the way out of a terminal" {
	need script
	local got want
	want=$(seq 1 60000 | sha256sum)
	got=$(through_terminal "$SBX run -t --image $HELLO_IMAGE -- seq 1 60000" | sha256sum)
	assert_eq "$want" "$got" "the checksum of 60000 lines"
}

@test "a slow reader gets every byte as well" {
	need script
	local got want
	want=$(seq 1 30000 | sha256sum)
	got=$(through_terminal "$SBX run -t --image $HELLO_IMAGE -- seq 1 30000" |
		while IFS= read -r -N 20000 part || [ -n "$part" ]; do printf %s "$part"; sleep 0.05; done | sha256sum)
	assert_eq "$want" "$got" "the checksum of 30000 lines"
}
