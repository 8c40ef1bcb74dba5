/* SPDX-License-Identifier: Apache-2.0 */

/* Names of the image's passwd and group.  Sources: passwd(5), group(5). */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "identity.h"
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/parse.h"
#include "sbx/resolve.h"
#include "sbx/str.h"

#define ACCOUNTS_MAX_BYTES (4u << 20)
#define GROUPS_MAX 1024

/* accounts_read - a file of the image, whole.  Missing: "".  Anything but a regular file (a FIFO would block) is
 * refused. */
static int accounts_read(const char *path, char **ret, struct sbx_err *err)
{
	size_t len;
	struct stat st;
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return sbx_fail(err, -errno, "open /");
	_cleanup_close_ int fd = resolve_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, NULL);
	if (fd == -ENOENT || fd == -ENOTDIR) {
		*ret = xstrdup("");
		return 0;
	}
	if (fd < 0)
		return sbx_fail(err, fd, "read the image's %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return sbx_fail_plain(err, -EINVAL, "read the image's %s: it is not a regular file", path);
	int r = read_all(fd, ACCOUNTS_MAX_BYTES, ret, &len, err);
	return r < 0 ? sbx_err_prefix(err, r, "the image's %s", path) : 0;
}

/* line_split - cut the next line off @text at its colons.  Returns the number of fields, 0 at the end. */
static size_t line_split(char **text, char *fields[], size_t room)
{
	char *line = strsep(text, "\n");
	if (!line)
		return 0;
	size_t n = 0;
	while (n < room && line)
		fields[n++] = strsep(&line, ":");
	return n;
}

struct account {
	bool found;
	char *name, *home; /* point into the text */
	uint32_t id, gid;
};

/* account_find - the first line of @text whose name is @name, or where that is NULL whose id is @id. */
static void account_find(char *text, const char *name, uint32_t id, struct account *ret)
{
	char *f[7];
	size_t n;
	while ((n = line_split(&text, f, ARRAY_SIZE(f))) > 0) {
		uint32_t number, gid = 0;
		bool is_passwd = n >= 6;
		if (n < 3 || parse_id(f[2], &number) < 0 || (is_passwd && parse_id(f[3], &gid) < 0))
			continue;
		if (name ? strcmp(f[0], name) != 0 : number != id)
			continue;
		*ret = (struct account){
			.found = true, .name = f[0], .id = number, .gid = gid, .home = is_passwd ? f[5] : NULL};
		return;
	}
}

static void add_group(struct identity *id, gid_t gid)
{
	for (size_t i = 0; i < id->n_groups; i++)
		if (id->groups[i] == gid)
			return;
	if (gid == id->gid || id->n_groups == GROUPS_MAX)
		return;
	id->groups = xrealloc(id->groups, id->n_groups + 1, sizeof *id->groups);
	id->groups[id->n_groups++] = gid;
}

/* group_number - a group by number or name. */
static int group_number(const char *group_text, const char *group, const char *key, gid_t *ret, struct sbx_err *err)
{
	uint32_t number;
	struct account found = {0};
	if (parse_id(group, &number) == 0) {
		*ret = number;
		return 0;
	}
	_cleanup_free_ char *text = xstrdup(group_text);
	account_find(text, group, 0, &found);
	if (!found.found)
		return sbx_fail_plain(
			err, -EINVAL, "[Exec] %s=%s: the image's /etc/group has no such group", key, group);
	*ret = found.id;
	return 0;
}

/* add_memberships - the groups whose member lists name @user. */
static void add_memberships(struct identity *id, const char *group_text, const char *user)
{
	_cleanup_free_ char *copy = xstrdup(group_text);
	char *text = copy, *f[4];
	size_t n;
	uint32_t number;
	while ((n = line_split(&text, f, ARRAY_SIZE(f))) > 0) {
		if (n < 4 || parse_id(f[2], &number) < 0)
			continue;
		for (char *list = f[3], *member; (member = strsep(&list, ","));)
			if (strcmp(member, user) == 0)
				add_group(id, number);
	}
}

static int user_find(
	const struct process_spec *p, struct identity *id, struct account *account, char *passwd, struct sbx_err *err)
{
	uint32_t number = 0;
	bool is_number = parse_id(p->user, &number) == 0;
	account_find(passwd, is_number ? NULL : p->user, number, account);
	if (!account->found && !is_number) {
		/* An image without a passwd still has its user 0. */
		if (strcmp(p->user, "root") != 0)
			return sbx_fail_plain(err, -EINVAL, "%s: user %s: the image's /etc/passwd has no such user",
				p->user_origin, p->user);
	}
	id->uid = account->found ? account->id : number;
	id->gid = account->found ? account->gid : 0;
	const char *home = account->found && account->home && account->home[0] == '/' ? account->home : NULL;
	id->home = xstrdup(home ? home : "/");
	return 0;
}

static int check_mapped(const struct sandbox_spec *spec, const struct identity *id, struct sbx_err *err)
{
	static const char hint[] =
		"is not in the sandbox's id map; use UserNS=subuid (ranges in /etc/subuid and /etc/subgid)";
	if (idmap_to_outside(&spec->maps.uid, id->uid) == (uint32_t)-1)
		return sbx_fail_plain(err, -EINVAL, "%s: user %s: user id %u %s", spec->process.user_origin,
			spec->process.user, id->uid, hint);
	if (idmap_to_outside(&spec->maps.gid, id->gid) == (uint32_t)-1)
		return sbx_fail_plain(err, -EINVAL, "%s: the group of user %s: group id %u %s",
			spec->process.user_origin, spec->process.user, id->gid, hint);
	return 0;
}

static int groups_find(const struct sandbox_spec *spec, const char *user, struct identity *ret, struct sbx_err *err)
{
	const struct process_spec *p = &spec->process;
	_cleanup_free_ char *text = NULL;
	int r = accounts_read("/etc/group", &text, err);
	if (r == 0 && p->group)
		r = group_number(text, p->group, "Group", &ret->gid, err);
	for (size_t i = 0; r == 0 && i < p->groups.n; i++) {
		gid_t gid;
		r = group_number(text, p->groups.v[i], "SupplementaryGroups", &gid, err);
		if (r < 0)
			break;
		/* Without ranges the kernel forbids setgroups for good. */
		if (!spec->maps.by_helper || idmap_to_outside(&spec->maps.gid, gid) == (uint32_t)-1)
			return sbx_fail_plain(err, -EINVAL,
				"[Exec] SupplementaryGroups=%s: group id %u cannot be taken: it is not in the "
				"sandbox's id map, or "
				"the map holds a single id",
				p->groups.v[i], gid);
		add_group(ret, gid);
	}
	if (r == 0 && user && spec->maps.by_helper)
		add_memberships(ret, text, user);
	return r;
}

int identity_find(const struct sandbox_spec *spec, struct identity *ret, struct sbx_err *err)
{
	const struct process_spec *p = &spec->process;
	_cleanup_free_ char *passwd = NULL;
	struct account account = {0};
	*ret = (struct identity){0};
	int r = accounts_read("/etc/passwd", &passwd, err);
	if (r == 0)
		r = user_find(p, ret, &account, passwd, err);
	/* The group file is read only where something depends on it: with a single id only a named group does. */
	if (r == 0 && (p->group || p->groups.n > 0 || (account.found && spec->maps.by_helper)))
		r = groups_find(spec, account.found ? account.name : NULL, ret, err);
	if (r == 0)
		r = check_mapped(spec, ret, err);
	size_t kept = 0;
	for (size_t i = 0; r == 0 && i < ret->n_groups; i++)
		if (idmap_to_outside(&spec->maps.gid, ret->groups[i]) != (uint32_t)-1)
			ret->groups[kept++] = ret->groups[i];
	ret->n_groups = r == 0 ? kept : ret->n_groups;
	if (r < 0)
		identity_free(ret);
	return r;
}

void identity_free(struct identity *id)
{
	cleanup_free(&id->groups);
	cleanup_free(&id->home);
	id->n_groups = 0;
}
