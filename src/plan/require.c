/* SPDX-License-Identifier: Apache-2.0 */

/* [Sandbox] Require: what must be enforced, or the run is refused. */

#include <errno.h>
#include <string.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/policy.h"

/* Each: 0, or -EOPNOTSUPP and why not. */

/* A limit that cannot be set stops the run anyway, but with Enforce=try. */
static int require_limits(struct plan *p, struct sbx_err *err)
{
	const struct profile_value *enforce = profile_get(p->profile, KEY_Limits_Enforce);
	return enforce->num == 0 ? 0 : sbx_fail_plain(err, -EINVAL, "Enforce=try asks for the opposite");
}

static int require_seccomp(struct plan *p, struct sbx_err *err)
{
	if (p->spec->security.seccomp_len > 0)
		return 0;
	return sbx_fail_plain(err, -EOPNOTSUPP, "there is no filter with SeccompProfile=unconfined");
}

static int require_landlock(struct plan *p, struct sbx_err *err)
{
	int abi = landlock_abi();
	if (abi == 0)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"this kernel has no Landlock (CONFIG_SECURITY_LANDLOCK, and landlock in the boot parameter "
			"lsm=)");
	if (p->spec->net.kind == NET_HOST && !p->spec->security.scope_abstract_unix)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"Network=host needs Landlock ABI 6 to cut off abstract UNIX sockets, and this kernel has %d",
			abi);
	return 0;
}

/* The kernel's answer comes with the mount: with this storage the runtime takes no other. */
static int require_native_overlay(struct plan *p, struct sbx_err *err)
{
	if (p->spec->root.storage == STORAGE_FUSE)
		return sbx_fail_plain(err, -EOPNOTSUPP, "Storage=fuse asks for the opposite");
	if (p->spec->root.kind == ROOT_HOST)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"the kernel does not stack the host's own root for an ordinary user, so Rootfs=/ needs "
			"fuse-overlayfs");
	p->spec->root.storage = STORAGE_NATIVE;
	return 0;
}

static int require_network_filter(struct plan *p, struct sbx_err *err)
{
	const struct net_spec *net = &p->spec->net;
	if (net->kind == NET_NONE || (net->kind == NET_SLIRP && net->allow_domains.n + net->allow_addresses.n > 0))
		return 0;
	return sbx_fail_plain(err, -EINVAL,
		"with Network=%s and without AllowDomain= or AllowAddress= nothing limits whom the inside talks to",
		net_kind_name(net->kind));
}

static int require_missing(struct plan *p, struct sbx_err *err)
{
	(void)p;
	return sbx_fail_plain(err, -EOPNOTSUPP, "not in this build yet");
}

static const struct {
	const char *name;
	int (*check)(struct plan *, struct sbx_err *);
} requirements[] = {
	{"limits", require_limits},
	{"seccomp", require_seccomp},
	{"landlock", require_landlock},
	{"native-overlay", require_native_overlay},
	{"network-filter", require_network_filter},
	{"dbus-filter", require_missing},
	{"wayland-filter", require_missing},
};

int plan_require(struct plan *p, struct sbx_err *err)
{
	const struct profile_value *value = profile_get(p->profile, KEY_Sandbox_Require);
	for (size_t i = 0; i < value->n_words; i++) {
		size_t k = 0;
		while (k < ARRAY_SIZE(requirements) && strcasecmp(requirements[k].name, value->words[i].text) != 0)
			k++;
		int r = k < ARRAY_SIZE(requirements)
				? requirements[k].check(p, err)
				: sbx_fail_plain(err, -EINVAL, "not something that can be required");
		if (r < 0)
			return word_prefix(KEY_Sandbox_Require, &value->words[i], r, err);
	}
	return 0;
}
