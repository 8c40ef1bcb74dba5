/* SPDX-License-Identifier: Apache-2.0 */

/* [Limits] Limit*: the resource limits of setrlimit(2). */

#include <errno.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/policy.h"
#include "sbx/str.h"

static const struct {
	enum profile_key key;
	const char *name; /* of rlimit_parse_name */
} limits[] = {
	{KEY_Limits_LimitCPU, "CPU"},
	{KEY_Limits_LimitFSIZE, "FSIZE"},
	{KEY_Limits_LimitDATA, "DATA"},
	{KEY_Limits_LimitSTACK, "STACK"},
	{KEY_Limits_LimitCORE, "CORE"},
	{KEY_Limits_LimitRSS, "RSS"},
	{KEY_Limits_LimitNOFILE, "NOFILE"},
	{KEY_Limits_LimitAS, "AS"},
	{KEY_Limits_LimitNPROC, "NPROC"},
	{KEY_Limits_LimitMEMLOCK, "MEMLOCK"},
	{KEY_Limits_LimitLOCKS, "LOCKS"},
	{KEY_Limits_LimitSIGPENDING, "SIGPENDING"},
	{KEY_Limits_LimitMSGQUEUE, "MSGQUEUE"},
	{KEY_Limits_LimitNICE, "NICE"},
	{KEY_Limits_LimitRTPRIO, "RTPRIO"},
	{KEY_Limits_LimitRTTIME, "RTTIME"},
};

enum enforce_choice { ENFORCE_YES, ENFORCE_TRY }; /* the order of the choices of Enforce */

/* limit_lower - Enforce=try: the caller's own hard limit where the profile's is above it.  Root's word does not count
 * either: it is given in a user namespace, and CAP_SYS_RESOURCE is asked of the first one.  Source: do_prlimit. */
static void limit_lower(struct plan *p, const struct profile_value *value, struct rlimit_spec *limit)
{
	struct rlimit own;
	if (getrlimit((__rlimit_resource_t)limit->resource, &own) < 0 || limit->limit.rlim_max <= own.rlim_max)
		return;
	limit->limit.rlim_max = own.rlim_max;
	if (limit->limit.rlim_cur > own.rlim_max)
		limit->limit.rlim_cur = own.rlim_max;
	strv_addf(&p->spec->notes, "%s: [Limits] Limit%s=%s: your own hard limit is %llu and is used (Enforce=try)",
		limit->origin, limit->name, value->text, (unsigned long long)own.rlim_max);
}

int plan_limits(struct plan *p, struct sbx_err *err)
{
	struct sandbox_spec *spec = p->spec;
	bool try_only = profile_get(p->profile, KEY_Limits_Enforce)->num == ENFORCE_TRY;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const char *text = profile_text(p->profile, limits[i].key);
		struct rlimit_arg arg;
		int resource;
		if (!text)
			continue;
		int r = rlimit_arg_parse(limits[i].key, text, &arg, err);
		if (r == 0 && rlimit_parse_name(limits[i].name, &resource) < 0)
			r = sbx_fail_plain(err, -EOPNOTSUPP, "this build does not know that limit");
		if (r == 0 && arg.soft > arg.hard)
			r = sbx_fail_plain(err, -EINVAL, "the soft limit is above the hard one");
		if (r < 0)
			return value_prefix(p->profile, limits[i].key, r, err);
		spec->rlimits = xrealloc(spec->rlimits, spec->n_rlimits + 1, sizeof *spec->rlimits);
		spec->rlimits[spec->n_rlimits++] = (struct rlimit_spec){
			.resource = resource,
			.name = rlimit_name(resource),
			.limit = {.rlim_cur = (rlim_t)arg.soft, .rlim_max = (rlim_t)arg.hard},
			.origin = origin_text(profile_get(p->profile, limits[i].key)),
		};
		if (try_only)
			limit_lower(p, profile_get(p->profile, limits[i].key), &spec->rlimits[spec->n_rlimits - 1]);
	}
	return 0;
}
