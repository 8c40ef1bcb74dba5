/* SPDX-License-Identifier: Apache-2.0 */

/* Profile, image, plan: in this order, each step's problems told before the next begins. */

#include "run_prepare.h"

#include <errno.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

void prepared_free(struct prepared *p)
{
	profile_free(p->profile);
	image_free(p->image);
	spec_free(p->spec);
	if (p->store.path)
		store_close(&p->store);
	cleanup_close(&p->use_fd);
}

int prepare_fail(const struct sbx_err *err, int status)
{
	return str_empty(err->msg) ? status : cli_fail(err, status);
}

/* tell - print all problems.  -EINVAL with an empty message, for they are said. */
static int tell(const struct strv *problems, struct sbx_err *err)
{
	for (size_t i = 0; i < problems->n; i++)
		cli_error("%s", problems->v[i]);
	*err = (struct sbx_err){.code = -EINVAL};
	return -EINVAL;
}

static int load(const struct run_words *words, struct profile **ret, struct sbx_err *err)
{
	_cleanup_strv_ struct strv problems = {0};
	const struct profile_request request = {
		.name_or_path = words->profile,
		.sets = &words->sets,
		.sandbox_name = words->name,
	};
	int r = profile_load(&request, ret, &problems, err);

	if (problems.n > 0)
		return tell(&problems, err);
	if (r < 0)
		return r;
	return profile_unsupported(*ret, &problems) > 0 ? tell(&problems, err) : 0;
}

int prepare(const struct run_words *words, bool unpack, struct prepared *ret, struct sbx_err *err)
{
	_cleanup_spec_ struct sandbox_spec *ids = spec_new();
	int r = load(words, &ret->profile, err);

	/* The ids come first: layers are unpacked for them. */
	if (r == 0)
		r = plan_userns(ret->profile, ids, err);
	if (r == 0 && profile_text(ret->profile, KEY_Sandbox_Image) && !profile_text(ret->profile, KEY_Sandbox_Rootfs))
		r = image_prepare(words, unpack, &ids->maps, ret, err);
	if (r < 0)
		return r;
	const struct plan_input input = {
		.profile = ret->profile,
		.store = ret->store.path ? &ret->store : NULL,
		.image = ret->image,
		.command = &words->command,
		.userns = ids,
	};
	return plan_build(&input, &ret->spec, err);
}
