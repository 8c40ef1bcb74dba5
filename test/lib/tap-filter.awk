# SPDX-License-Identifier: Apache-2.0
# One TAP stream from what a test program prints, as automake's tap-driver.sh wants it: one plan, numbers in order.
# cmocka 1.1 prints a plan for each group, counts from 1 in each, writes a skipped test as "not ok N # SKIP NAME", and a
# group whose set-up failed as "not ok 0 - NAME".  bats prints one plan first.
# With strict=1 a skipped test is a failed one: the machine is known to have what the tests need.
/^1\.\.[0-9]+[ \t]*$/ {
	planned += substr($0, 4)
	next
}
/^(not )?ok [0-9]+/ {
	n++
	ok = ($1 == "ok")
	line = $0
	sub(/^(not )?ok [0-9]+ ?(- )?/, "", line)
	skipped = (line ~ /# *[sS][kK][iI][pP]/)
	if (skipped)
		ok = !strict
	if (skipped && strict)
		sub(/# *[sS][kK][iI][pP]/, "was skipped, which fails with SBX_TEST_STRICT=1:", line)
	else
		gsub(/#[ \t]*[tT][oO][dD][oO]/, "(todo)", line) # no test is excused by its own name
	print (ok ? "ok " : "not ok ") n " - " line
	fflush()
	if (!ok)
		bad = 1
	next
}
{
	print
	fflush()
}
END {
	if (planned != n) {
		print "not ok " ++n " - " planned + 0 " tests were announced, " n - 1 " ran to their end"
		bad = 1
	}
	print "1.." n
	exit bad
}
