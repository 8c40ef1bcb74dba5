/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* sbx doctor: a table of checks (doctor_checks.c), each of which looks at one thing that a run needs or is better with.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "sbx/err.h"
#include "sbx/idmap.h"

/* What the checks share; filled by doctor_open and by earlier checks. */
struct doctor {
	char *user;
	char *store; /* path of the store, which may not exist yet; NULL: unknown, store_err says why */
	struct sbx_err store_err;
	char *probe_dir; /* a directory of ours on the store's file system; NULL: probe_err says why there is none */
	struct sbx_err probe_err;
	bool have_userns;       /* the rest of the namespaces can be tried */
	bool have_ranges;       /* subordinate uids and gids */
	struct idmap_pair maps; /* those of UserNS=auto here */
};

struct doctor_finding {
	bool ok;
	bool skipped; /* not tried, as an earlier check failed that this one needs */
	char *found;  /* one line */
	char *costs;  /* where not ok: what does not work */
	char *mend;   /* where not ok: what to change */
};

enum doctor_need {
	DOCTOR_BETTER,    /* run works without */
	DOCTOR_NEEDED,    /* run cannot work without */
	DOCTOR_ONE_STACK, /* run needs one of those marked so */
};

struct doctor_check {
	const char *name; /* of the check, stable for programs: "user-namespaces" */
	const char *title;
	enum doctor_need need;
	void (*look)(struct doctor *d, struct doctor_finding *ret); /* ret: zeroed */
};
extern const struct doctor_check doctor_checks[]; /* ends with a NULL name; in the order they must run */

/* doctor_open - never fails: what is not to be had is a finding. */
void doctor_open(struct doctor *d);
void doctor_close(struct doctor *d);
void doctor_finding_clear(struct doctor_finding *finding);

/* doctor_free_ids - the first id above every range of /etc/subuid and /etc/subgid. */
uint64_t doctor_free_ids(void);

/* doctor_probe_maps - whether the id maps can be written; doctor_probe_proc - whether a new /proc can be mounted.
 * In forked children; -errno and why not. */
int doctor_probe_maps(const struct idmap_pair *maps, struct sbx_err *err);
int doctor_probe_proc(struct sbx_err *err);
