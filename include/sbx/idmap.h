/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Id maps of a user namespace.  Used by the runtime and by the unpacking child.  (src/sys) */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "sbx/err.h"

#define IDMAP_EXTENTS_MAX 340 /* user_namespaces(7), since Linux 4.15 */

struct idmap_extent {
	uint32_t inside, outside, count;
};

struct idmap {
	struct idmap_extent *extents; /* owned; ascending by inside */
	size_t n;
};

/* The two maps of a sandbox and how they may be written. */
struct idmap_pair {
	struct idmap uid, gid;
	bool by_helper; /* newuidmap and newgidmap write them; else the process itself writes a single id, setgroups
			   denied */
};

/* subid_range - the caller's largest range in /etc/subuid or /etc/subgid (@file), by user name or number.
 * Returns 0, -ENOENT none, -errno. */
int subid_range(const char *file, uid_t uid, const char *user_name, uint32_t *ret_start, uint32_t *ret_count,
	struct sbx_err *err);

void idmap_add(struct idmap *map, uint32_t inside, uint32_t outside, uint32_t count);
void idmap_free(struct idmap *map);
void idmap_pair_free(struct idmap_pair *maps);

/* The standard maps.  idmap_pair_single: @inside_uid/@inside_gid is the caller.  idmap_pair_subuid: 0 is the caller, 1
 * and up the subordinate range.  idmap_pair_keep: @inside_* is the caller, everything else from the range.
 * The latter two: -ENOENT with a message that names the file and the line to add where there are no ranges. */
void idmap_pair_single(struct idmap_pair *ret, uint32_t inside_uid, uint32_t inside_gid);
int idmap_pair_subuid(struct idmap_pair *ret, struct sbx_err *err);
int idmap_pair_keep(struct idmap_pair *ret, uint32_t inside_uid, uint32_t inside_gid, struct sbx_err *err);

/* idmap_check - no overlap inside or outside, no wrap past 4294967294, not too many extents. */
int idmap_check(const struct idmap *map, const char *what, struct sbx_err *err);

/* idmap_to_outside, idmap_to_inside - translate an id; -1 (as uint32_t) where it is not mapped. */
uint32_t idmap_to_outside(const struct idmap *map, uint32_t inside);
uint32_t idmap_to_inside(const struct idmap *map, uint32_t outside);

/* idmap_name - the folder name of layers extracted for these maps: "single" for every single map (ownership is lost
 * there, so all are alike), else "u" + the extents in a short form that is the same for the same maps, e.g.
 * "u0-1000-1,1-100000-65536" (and a "g" part where the group map differs). Returns new; at most 255 bytes (a hash
 * stands in for longer ones). */
char *idmap_name(const struct idmap_pair *maps);
/* idmap_pair_parse - the maps back from idmap_name's short form (not from a hash).  0 or -EINVAL. */
int idmap_pair_parse(const char *name, struct idmap_pair *ret, struct sbx_err *err);

/* idmap_write - write the maps of the user namespace of @pid, a child of the caller's that waits for it.
 * by_helper: newuidmap and newgidmap, both at once, by absolute path; what they print on failure goes into @err.
 * As root of the initial namespace the files are written directly.
 * Context: parent.  Source: user_namespaces(7), newuidmap(1). */
int idmap_write(const struct idmap_pair *maps, pid_t pid, struct sbx_err *err);
