/* SPDX-License-Identifier: Apache-2.0 */

/* Limits that are no limits on this machine: beyond what it has. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>
#include "sbx/parse.h"
#include "table.h"

#define MIB (UINT64_C(1) << 20)

static int size_at_most(const char *text, uint64_t most, const char *what, struct sbx_err *err)
{
	uint64_t bytes;

	if (parse_size(text, &bytes) < 0 || bytes <= most)
		return 0; /* of the wrong form: told already */
	return sbx_fail_plain(err, -ERANGE, "beyond this machine, which has %" PRIu64 " MiB of %s", most / MIB, what);
}

int check_memory(enum profile_key key, const char *word, struct sbx_err *err)
{
	struct sysinfo info;

	(void)key;
	if (sysinfo(&info) < 0)
		return 0;
	return size_at_most(word, (uint64_t)info.totalram * info.mem_unit, "memory", err);
}

int check_swap(enum profile_key key, const char *word, struct sbx_err *err)
{
	struct sysinfo info;

	(void)key;
	if (sysinfo(&info) < 0)
		return 0;
	return size_at_most(word, (uint64_t)info.totalswap * info.mem_unit, "swap", err);
}

/* check_quota - "150%", or under the name CPUs "1.5". */
int check_quota(enum profile_key key, const char *word, struct sbx_err *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	double wanted = strtod(word, NULL);

	(void)key;
	if (strchr(word, '%'))
		wanted /= 100;
	if (processors < 1 || wanted <= (double)processors)
		return 0;
	return sbx_fail_plain(
		err, -ERANGE, "beyond this machine, which has %ld processors (%ld%%)", processors, processors * 100);
}

int check_tasks(enum profile_key key, const char *word, struct sbx_err *err)
{
	uint64_t tasks;
	long most = 0;
	FILE *f = fopen("/proc/sys/kernel/pid_max", "re");

	(void)key;
	if (f && fscanf(f, "%ld", &most) != 1)
		most = 0;
	if (f)
		fclose(f);
	if (most <= 0 || parse_u64(word, UINT64_MAX, &tasks) < 0 || tasks <= (uint64_t)most)
		return 0;
	return sbx_fail_plain(err, -ERANGE, "beyond this machine, which has %ld process numbers", most);
}
