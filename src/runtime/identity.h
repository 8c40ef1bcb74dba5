/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who the program is: names looked up in the image's own passwd and group, read as plain text.  The C library's name
 * service would load code from the image. */

#include <sys/types.h>
#include "sbx/err.h"
#include "sbx/spec.h"

struct identity {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones; owned */
	size_t n_groups;
	char *home; /* owned; "/" where passwd does not say */
};

/* identity_find - resolve spec->process.user, group and groups.  -EINVAL with words where a name is not there or an id
 * is not in the sandbox's map.  Context: child, after pivot. */
int identity_find(const struct sandbox_spec *spec, struct identity *ret, struct sbx_err *err);
void identity_free(struct identity *id);
