/* SPDX-License-Identifier: Apache-2.0 */

/* Resource limits by name. */

#include <errno.h>
#include <stddef.h>
#include <strings.h>
#include "sbx/cleanup.h"
#include "sbx/policy.h"

/* Source: getrlimit(2). */
static const struct {
	const char *name;
	int resource;
} limits[] = {
	{"AS", RLIMIT_AS},
	{"CORE", RLIMIT_CORE},
	{"CPU", RLIMIT_CPU},
	{"DATA", RLIMIT_DATA},
	{"FSIZE", RLIMIT_FSIZE},
	{"LOCKS", RLIMIT_LOCKS},
	{"MEMLOCK", RLIMIT_MEMLOCK},
	{"MSGQUEUE", RLIMIT_MSGQUEUE},
	{"NICE", RLIMIT_NICE},
	{"NOFILE", RLIMIT_NOFILE},
	{"NPROC", RLIMIT_NPROC},
	{"RSS", RLIMIT_RSS},
	{"RTPRIO", RLIMIT_RTPRIO},
	{"RTTIME", RLIMIT_RTTIME},
	{"SIGPENDING", RLIMIT_SIGPENDING},
	{"STACK", RLIMIT_STACK},
};

int rlimit_parse_name(const char *name, int *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (strcasecmp(limits[i].name, name) == 0) {
			*ret = limits[i].resource;
			return 0;
		}
	}
	return -EINVAL;
}

const char *rlimit_name(int resource)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].resource == resource)
			return limits[i].name;
	return "?";
}
