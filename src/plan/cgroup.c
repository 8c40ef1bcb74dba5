/* SPDX-License-Identifier: Apache-2.0 */

/* [Limits] that a cgroup enforces: each key becomes a line for one file of it.
 * Sources: systemd.resource-control(5), Linux Documentation/admin-guide/cgroup-v2.rst. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/str.h"

#define QUOTA_PERIOD_US 100000

static char *number_text(const struct profile_value *value)
{
	return xasprintf("%" PRId64, value->num);
}

/* quota_text - hundredths of a percent of one processor as microseconds of each period. */
static char *quota_text(const struct profile_value *value)
{
	int64_t quota_us = value->num * QUOTA_PERIOD_US / 10000;
	return xasprintf("%" PRId64 " %d", quota_us > 1000 ? quota_us : 1000, QUOTA_PERIOD_US); /* the kernel's least */
}

static char *weight_text(const struct profile_value *value)
{
	return xasprintf("default %" PRId64, value->num);
}

static char *list_text(const struct profile_value *value)
{
	struct strbuf text = {0};
	for (size_t i = 0; i < value->n_words; i++)
		strbuf_addf(&text, "%s%s", i ? "," : "", value->words[i].text);
	return strbuf_steal(&text);
}

/* Keys of one value. */
static const struct {
	enum profile_key key;
	const char *controller, *file;
	char *(*text)(const struct profile_value *value);
} files[] = {
	{KEY_Limits_MemoryMax, "memory", "memory.max", number_text},
	{KEY_Limits_MemoryHigh, "memory", "memory.high", number_text},
	{KEY_Limits_MemorySwapMax, "memory", "memory.swap.max", number_text},
	{KEY_Limits_CPUQuota, "cpu", "cpu.max", quota_text},
	{KEY_Limits_CPUWeight, "cpu", "cpu.weight", number_text},
	{KEY_Limits_IOWeight, "io", "io.weight", weight_text},
	{KEY_Limits_AllowedCPUs, "cpuset", "cpuset.cpus", list_text},
	{KEY_Limits_TasksMax, "pids", "pids.max", number_text},
};

/* Keys of pairs DEVICE VALUE; all are lines for io.max. */
static const struct {
	enum profile_key key;
	const char *name; /* in io.max */
	bool size;
} disks[] = {
	{KEY_Limits_IOReadBandwidthMax, "rbps", true},
	{KEY_Limits_IOWriteBandwidthMax, "wbps", true},
	{KEY_Limits_IOReadIOPSMax, "riops", false},
	{KEY_Limits_IOWriteIOPSMax, "wiops", false},
};

static void add_line(
	struct plan *p, const char *controller, const char *file, char *text, const char *key, char *origin)
{
	struct cgroup_spec *cgroup = &p->spec->cgroup;
	cgroup->lines = xrealloc(cgroup->lines, cgroup->n + 1, sizeof *cgroup->lines);
	cgroup->lines[cgroup->n++] = (struct cgroup_line){controller, file, text, key, origin};
}

/* disk_of - the whole disk behind the file system of @path, or behind the node of a device: limits are of disks, and a
 * partition has none of its own. */
static int disk_of(const char *path, dev_t *ret, struct sbx_err *err)
{
	struct stat st;
	char link[64], real[4096];
	if (stat(path, &st) < 0)
		return sbx_fail(err, -errno, "%s", path);
	dev_t dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	snprintf(link, sizeof link, "/sys/dev/block/%u:%u", major(dev), minor(dev));
	if (!realpath(link, real))
		return sbx_fail_plain(err, -ENODEV, "%s lies on no disk", path);
	_cleanup_free_ char *partition = xasprintf("%s/partition", real);
	char *slash = strrchr(real, '/');
	if (access(partition, F_OK) == 0 && slash) {
		*slash = '\0';
		_cleanup_free_ char *number = xasprintf("%s/dev", real);
		FILE *f = fopen(number, "re");
		unsigned high, low;
		bool read = f && fscanf(f, "%u:%u", &high, &low) == 2;
		if (f)
			fclose(f);
		if (!read)
			return sbx_fail_plain(err, -ENODEV, "the disk of %s is not known", path);
		dev = makedev(high, low);
	}
	*ret = dev;
	return 0;
}

static int add_disks(struct plan *p, size_t row, struct sbx_err *err)
{
	const struct profile_value *value = profile_get(p->profile, disks[row].key);
	for (size_t i = 0; i + 1 < value->n_words; i += 2) {
		const struct profile_word *number = &value->words[i + 1];
		uint64_t limit = 0;
		dev_t dev;
		int r = disk_of(value->words[i].text, &dev, err);
		if (r < 0)
			return word_prefix(disks[row].key, &value->words[i], r, err);
		r = disks[row].size ? parse_size(number->text, &limit) : parse_u64(number->text, UINT64_MAX, &limit);
		if (r < 0)
			return word_fail(disks[row].key, number, r, err, "no number");
		add_line(p, "io", "io.max",
			xasprintf("%u:%u %s=%" PRIu64, major(dev), minor(dev), disks[row].name, limit),
			profile_key_info(disks[row].key)->name, origin_word_text(number));
	}
	return 0;
}

int plan_cgroup(struct plan *p, struct sbx_err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const struct profile_value *value = profile_get(p->profile, files[i].key);
		if (!value_given(p->profile, files[i].key) && value->n_words == 0)
			continue;
		add_line(p, files[i].controller, files[i].file, files[i].text(value),
			profile_key_info(files[i].key)->name, origin_text(value));
	}
	/* The kernel kills the whole sandbox and not whichever process of it: half of one is of no use. */
	if (value_given(p->profile, KEY_Limits_MemoryMax)) {
		const struct profile_value *value = profile_get(p->profile, KEY_Limits_MemoryMax);
		p->spec->cgroup.memory_max = xstrdup(value->text);
		add_line(p, "memory", "memory.oom.group", xstrdup("1"), "MemoryMax", origin_text(value));
	}
	for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
		int r = add_disks(p, i, err);
		if (r < 0)
			return r;
	}
	p->spec->cgroup.try_only = profile_get(p->profile, KEY_Limits_Enforce)->num != 0;
	return 0;
}

int plan_cgroup_of(const struct profile *profile, struct sandbox_spec *spec, struct sbx_err *err)
{
	struct plan p = {.profile = profile, .spec = spec};
	return plan_cgroup(&p, err);
}
