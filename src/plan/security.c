/* SPDX-License-Identifier: Apache-2.0 */

/* [Security] and [Network]: capabilities, filters, and what is shared with the host. */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "plan_parts.h"
#include "sbx/cleanup.h"
#include "sbx/policy.h"
#include "sbx/str.h"

enum fake_root_choice { FAKE_ROOT_AUTO, FAKE_ROOT_YES, FAKE_ROOT_NO }; /* the order of the choices of FakeRoot */

/* A list of capabilities: "all", or names. */
struct cap_list {
	bool all;
	uint64_t named;
};

static int caps_read(const struct plan *p, enum profile_key key, struct cap_list *ret, struct sbx_err *err)
{
	const struct profile_value *value = profile_get(p->profile, key);
	uint64_t known = value->n_words > 0 ? caps_all() : 0;
	for (size_t i = 0; i < value->n_words; i++) {
		int cap;
		if (strcasecmp(value->words[i].text, "all") == 0) {
			ret->all = true;
			continue;
		}
		if (cap_parse(value->words[i].text, &cap) < 0)
			return word_fail(
				key, &value->words[i], -EINVAL, err, "no such capability; see capabilities(7)");
		if (key == KEY_Security_AddCapability && !(known & UINT64_C(1) << cap))
			return word_fail(
				key, &value->words[i], -EOPNOTSUPP, err, "this kernel does not know that capability");
		ret->named |= UINT64_C(1) << cap;
	}
	return 0;
}

/* plan_caps - a name beats "all" of the other list, as with podman: DropCapability=all and AddCapability=X is X alone.
 */
static int plan_caps(struct plan *p, struct sbx_err *err)
{
	struct security_spec *s = &p->spec->security;
	struct cap_list add = {0}, drop = {0};
	int r = caps_read(p, KEY_Security_AddCapability, &add, err);
	if (r == 0)
		r = caps_read(p, KEY_Security_DropCapability, &drop, err);
	if (r < 0)
		return r;
	if ((add.all && drop.all) || (add.named & drop.named)) {
		_cleanup_free_ char *both = caps_text(add.named & drop.named);
		return value_fail(p->profile, KEY_Security_DropCapability, -EINVAL, err,
			"%s is in AddCapability= as well", add.all && drop.all ? "all" : both);
	}
	/* With one id there is nobody else whose files or processes they would reach. */
	uint64_t caps = ids_beyond_one(&p->spec->maps) ? caps_default_subuid() : 0;
	if (add.all)
		caps = caps_all();
	if (drop.all)
		caps = 0;
	s->caps = (caps | add.named) & ~drop.named;
	s->caps_text = caps_text(s->caps);
	s->caps_explicit = add.all || add.named;
	return 0;
}

static int filter_conflict(const struct plan *p, const char *name, struct sbx_err *err)
{
	return value_fail(p->profile, KEY_Security_NestedNamespaces, -EINVAL, err,
		"the filter SeccompProfile=%s forbids that; leave SeccompProfile= out, or name a JSON file that allows "
		"both",
		name);
}

/* plan_filter - the filter's name, and its instructions as the spec's own. */
static int plan_filter(struct plan *p, struct sbx_err *err)
{
	struct security_spec *s = &p->spec->security;
	const char *name = profile_text(p->profile, KEY_Security_SeccompProfile);
	bool nested = profile_get(p->profile, KEY_Security_NestedNamespaces)->num != 0;
	bool is_path = name && strchr(name, '/');
	struct seccomp_filter filter = {0};
	int r;

	s->origin = origin_text(profile_get(p->profile, KEY_Security_SeccompProfile));
	if (nested && name && !is_path && strcmp(name, "nested") != 0 && strcmp(name, "unconfined") != 0 &&
		strcmp(name, "default") != 0)
		return filter_conflict(p, name, err);
	if (nested && (!name || strcmp(name, "default") == 0)) {
		name = "nested";
		cleanup_free(&s->origin);
		s->origin = origin_text(profile_get(p->profile, KEY_Security_NestedNamespaces));
	}
	name = name ? name : "default";
	s->seccomp_name = xstrdup(name);
	if (strcmp(name, "unconfined") == 0)
		return 0;
	if (!seccomp_available())
		return value_fail(p->profile, KEY_Security_SeccompProfile, -EOPNOTSUPP, err,
			"this kernel has no system-call filters (CONFIG_SECCOMP_FILTER); to run without one: "
			"SeccompProfile=unconfined");
	if (is_path)
		r = seccomp_load_custom(name, s->caps, &filter, err);
	else if ((r = seccomp_builtin(name, &filter)) < 0)
		sbx_fail_plain(err, r,
			"expected default, strict, devel, nested, unconfined, or the path of a JSON file (with a /)");
	if (r < 0)
		return value_prefix(p->profile, KEY_Security_SeccompProfile, r, err);
	s->seccomp = xcalloc(filter.n_insns, sizeof *s->seccomp);
	memcpy(s->seccomp, filter.insns, filter.n_insns * sizeof *s->seccomp);
	s->seccomp_len = filter.n_insns;
	seccomp_filter_free(&filter);
	return 0;
}

/* note_groups - what is kept because it cannot be dropped. */
static void note_groups(struct plan *p)
{
	gid_t groups[256];
	if (p->spec->maps.by_helper || geteuid() == 0)
		return;
	int n = getgroups((int)ARRAY_SIZE(groups), groups), others = 0;
	for (int i = 0; i < n; i++)
		others += groups[i] != getegid();
	if (others > 0 || n < 0)
		strv_add(&p->spec->notes, "a single id: your supplementary groups cannot be dropped, so files that "
					  "they open stay open to the "
					  "inside where they are shown to it");
}

int plan_security(struct plan *p, struct sbx_err *err)
{
	struct security_spec *s = &p->spec->security;
	int64_t fake = profile_get(p->profile, KEY_Security_FakeRoot)->num;
	int r = plan_caps(p, err);
	if (r == 0)
		r = plan_filter(p, err);
	if (r < 0)
		return r;
	s->no_new_privs = profile_get(p->profile, KEY_Security_NoNewPrivileges)->num != 0;
	s->fake_root = fake == FAKE_ROOT_YES || (fake == FAKE_ROOT_AUTO && !ids_beyond_one(&p->spec->maps));
	if (s->fake_root && !seccomp_available())
		return value_fail(p->profile, KEY_Security_FakeRoot, -EOPNOTSUPP, err,
			"this kernel has no system-call filters (CONFIG_SECCOMP_FILTER); set FakeRoot=no");
	note_groups(p);
	return 0;
}
