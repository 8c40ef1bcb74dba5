/* SPDX-License-Identifier: Apache-2.0 */

/* Signals by name. sigabbrev_np(3) goes from number to name; the other way is a search over it. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "sbx/parse.h"

static int parse_realtime(const char *s, int *ret)
{
	uint64_t offset = 0;
	if (strncasecmp(s, "RTMIN", 5) == 0) {
		if (s[5] && (s[5] != '+' || parse_u64(s + 6, 30, &offset) < 0))
			return -EINVAL;
		*ret = SIGRTMIN + (int)offset;
	} else if (strncasecmp(s, "RTMAX", 5) == 0) {
		if (s[5] && (s[5] != '-' || parse_u64(s + 6, 30, &offset) < 0))
			return -EINVAL;
		*ret = SIGRTMAX - (int)offset;
	} else {
		return -EINVAL;
	}
	return 0;
}

int parse_signal(const char *s, int *ret)
{
	uint64_t number;
	if (parse_u64(s, (uint64_t)SIGRTMAX, &number) == 0) {
		if (number == 0)
			return -ERANGE;
		*ret = (int)number;
		return 0;
	}
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		const char *name = sigabbrev_np(sig);
		if (name && strcasecmp(s, name) == 0) {
			*ret = sig;
			return 0;
		}
	}
	return parse_realtime(s, ret);
}

const char *signal_name(int sig)
{
	static const char *const names[] = {
#define S(n) [SIG##n] = "SIG" #n
		S(HUP),
		S(INT),
		S(QUIT),
		S(ILL),
		S(TRAP),
		S(ABRT),
		S(BUS),
		S(FPE),
		S(KILL),
		S(USR1),
		S(SEGV),
		S(USR2),
		S(PIPE),
		S(ALRM),
		S(TERM),
		S(STKFLT),
		S(CHLD),
		S(CONT),
		S(STOP),
		S(TSTP),
		S(TTIN),
		S(TTOU),
		S(URG),
		S(XCPU),
		S(XFSZ),
		S(VTALRM),
		S(PROF),
		S(WINCH),
		S(POLL),
		S(PWR),
		S(SYS),
#undef S
	};
	const char *name = sig > 0 && (size_t)sig < sizeof names / sizeof *names ? names[sig] : NULL;
	return name ? name : "?";
}
