# SPDX-License-Identifier: Apache-2.0
# power-cut.awk -v STORE=DIR: reads `strace -f -y` of an import, and says where a power cut could leave a name for what is
# not on the disk, or a reference (index.json) to it.  Prints what is wrong; nothing if the order is right.
#   data[FILE], entry[DIR]: written or changed since it was last synced
# The caged child's root is its layers' directory: its paths are / and /.tmp-...

function in_store(p) { return index(p, STORE) == 1 || p ~ /^\/(\.tmp-.*)?$/ }
function path_in(text) { return match(text, /<[^>]*>/) ? substr(text, RSTART + 1, RLENGTH - 2) : "" }
function quoted(text, n,   parts) { split(text, parts, "\""); return parts[2 * n] }
function wrong(what) { print NR ": " what; n_wrong++ }
function below(p, top) { return p == top || index(p, top "/") == 1 }
function check_below(top,   p) {
	for (p in data) if (below(p, top)) wrong(top " gets its name before " p " is synced")
	for (p in entry) if (below(p, top)) wrong(top " gets its name before the directory " p " is synced")
}
function check_all(what, but,   p) {
	for (p in data) wrong(what " before " p " is synced")
	for (p in entry) if (p != but) wrong(what " before the directory " p " is synced")
}
function synced(call, p,   q) {
	if (call == "syncfs") { for (q in data) delete data[q]; for (q in entry) delete entry[q] }
	delete data[p]; delete entry[p]
}

{
	pid = $1
	text = substr($0, length(pid) + 1)
	sub(/^ +/, "", text)
	if (text ~ /^<\.\.\. (fsync|syncfs) resumed/ && text ~ /= 0$/) { synced(waiting_call[pid], waiting[pid]); next }
	call = text; sub(/\(.*/, "", call)
	arguments = substr(text, length(call) + 2)
	fd = arguments; sub(/[^0-9].*/, "", fd)
	path = path_in(arguments)
	if (text ~ / = -1 /) next
}
call == "write" && fd == 1 { check_all("success is told", ""); n_told++ }
call ~ /^(write|pwrite64|copy_file_range|ftruncate|sendfile)$/ && in_store(path) { data[path] = 1; file[pid, fd] = path }
call ~ /^(fsync|syncfs)$/ && text ~ /unfinished/ { waiting_call[pid] = call; waiting[pid] = path; next }
call ~ /^(fsync|syncfs)$/ { synced(call, path) }
call == "linkat" {
	linked = quoted(arguments, 1); sub(/.*\//, "", linked)
	check_below(file[pid, linked])
	rest = arguments; sub(/^[^,]*,[^,]*, /, "", rest)
	entry[path_in(rest)] = 1
	n_blobs++
}
call ~ /^renameat2?$/ && in_store(path) {
	check_below((path == "/" ? "" : path) "/" quoted(arguments, 1))
	if (quoted(arguments, 2) == "index.json" && n_blobs) { check_all("index.json names what is new", path); n_references++ }
	entry[path] = 1
}
call ~ /^(mkdirat|symlinkat)$/ {
	made = arguments
	if (call == "symlinkat") sub(/^[^,]*, /, "", made)
	if (in_store(path_in(made))) entry[path_in(made)] = 1
}
END { if (!n_blobs || !n_references || !n_told) wrong("this is no import: " n_blobs + 0 " blobs, " n_references + 0 " references, " n_told + 0 " successes") }
