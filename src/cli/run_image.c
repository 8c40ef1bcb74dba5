/* SPDX-License-Identifier: Apache-2.0 */

/* The image of a run: found in the store; imported from a file form on first use and when that has changed; its layers
 * unpacked for the ids of this run.  The bytes of images are sbx-image's business (DESIGN.md, Programs). */

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>
#include "run_prepare.h"
#include "sbx/cleanup.h"
#include "sbx/spawn.h"
#include "sbx/str.h"

/* The order of the choices of Pull. */
enum pull { PULL_MISSING, PULL_ALWAYS, PULL_NEVER, PULL_NEWER };

struct search {
	const char *text; /* Image= */
	struct image_ref ref;
	struct platform platform;
	const char *platform_text; /* Platform=, or NULL */
	const char *map_name;
	bool quiet;
};

/* image_tool - run `sbx-image WORD TARGET …`.  What it prints goes to standard error, its own errors too; with --quiet
 * only an error is heard. */
static int image_tool(const struct search *s, const char *word, const char *target, bool if_changed, const char *map,
	struct sbx_err *err)
{
	_cleanup_free_ char *path = own_libexec("sbx-image");
	_cleanup_strv_ struct strv argv = {0};
	_cleanup_close_ int pidfd = -1;
	int status = 0;

	if (!path)
		return sbx_fail_plain(err, -ENOENT,
			"sbx-image is missing: it belongs beside sbx in the build tree, or in %s; install sbx again",
			SBX_LIBEXECDIR);
	strv_add(&argv, path);
	strv_add(&argv, word);
	if (if_changed)
		strv_add(&argv, "--if-changed");
	if (map)
		strv_addf(&argv, "--map=%s", map);
	if (s->platform_text)
		strv_addf(&argv, "--platform=%s", s->platform_text);
	if (s->quiet)
		strv_add(&argv, "--progress=none");
	strv_add(&argv, "--");
	strv_add(&argv, target);
	if (s->quiet)
		return helper_run((const char *const *)argv.v, err);
	pid_t pid = helper_spawn((const char *const *)argv.v, STDERR_FILENO, NULL, 0, &pidfd, err);
	if (pid < 0)
		return pid;
	int r = pidfd_wait(pidfd, &status);
	if (r < 0)
		return sbx_fail(err, r, "wait for %s", path);
	if (WIFSIGNALED(status))
		return sbx_fail_plain(
			err, -EIO, "%s %s was killed by signal %d; try again", path, word, WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return 0;
	*err = (struct sbx_err){.code = -EIO}; /* it said why */
	return -EIO;
}

static int find(const struct search *s, struct prepared *p, struct sbx_err *err)
{
	int r = p->store.path ? 0 : store_open(false, &p->store, err);

	if (r < 0)
		return r;
	if (s->ref.transport == IMAGE_NAME)
		return image_find(&p->store, &s->ref, &s->platform, &p->image, err);
	return image_find_source(&p->store, &s->ref, &s->platform, &p->image, err);
}

/* find_name - an image by its name.  Nothing is fetched for it: registries come with a later build. */
static int find_name(const struct search *s, enum pull pull, struct prepared *p, struct sbx_err *err)
{
	if (pull == PULL_ALWAYS || pull == PULL_NEWER)
		return sbx_fail_plain(err, -EOPNOTSUPP,
			"Pull=%s: asking a registry for %s is not in this build yet; leave the key out, and import the "
			"image with `sbx image import`",
			pull == PULL_ALWAYS ? "always" : "newer", s->text);
	int r = find(s, p, err);
	if (r == -ENOENT)
		return sbx_fail_plain(err, r,
			"image %s is not in the store, and pulling it is not in this build yet; bring it there with "
			"`sbx image import SOURCE %s` (`sbx images` lists what is there)",
			s->text, s->text);
	return r;
}

/* find_source - an image by a file form; imported where the store has no image of this state of it. */
static int find_source(const struct search *s, enum pull pull, bool unpack, struct prepared *p, struct sbx_err *err)
{
	int r = find(s, p, err);

	if (r != -ENOENT)
		return r;
	if (pull == PULL_NEVER)
		return sbx_fail_plain(err, r,
			"image %s was not imported yet, or has changed since, and Pull=never forbids to import it; "
			"`sbx image import %s` does",
			s->text, s->text);
	*err = (struct sbx_err){0};
	r = image_tool(s, "import", s->text, true, unpack ? s->map_name : NULL, err);
	return r < 0 ? r : find(s, p, err);
}

/* hold - keep the image, and unpack the layers that are missing for this run's ids. */
static int hold(const struct search *s, bool unpack, struct prepared *p, struct sbx_err *err)
{
	p->use_fd = image_use(&p->store, &p->image->manifest_digest, err);
	if (p->use_fd < 0)
		return p->use_fd;
	if (!unpack || image_is_unpacked(&p->store, p->image, s->map_name))
		return 0;
	/* By digest: the name may have moved on since. */
	_cleanup_free_ char *exact = xasprintf("sha256:%s", p->image->manifest_digest.hex);
	return image_tool(s, "unpack", exact, false, s->map_name, err);
}

int image_prepare(const struct run_words *words, bool unpack, const struct idmap_pair *maps, struct prepared *p,
	struct sbx_err *err)
{
	enum pull pull = (enum pull)profile_get(p->profile, KEY_Sandbox_Pull)->num;
	_cleanup_free_ char *map_name = idmap_name(maps);
	struct search s = {
		.text = profile_text(p->profile, KEY_Sandbox_Image),
		.platform_text = profile_text(p->profile, KEY_Sandbox_Platform),
		.map_name = map_name,
		.quiet = words->quiet,
	};
	int r = image_ref_parse(s.text, &s.ref, err);

	if (r == 0)
		r = platform_parse(s.platform_text, &s.platform, err);
	if (r == 0 && s.ref.transport == IMAGE_NAME)
		r = find_name(&s, pull, p, err);
	else if (r == 0)
		r = find_source(&s, pull, unpack, p, err);
	if (r == 0)
		r = hold(&s, unpack, p, err);
	image_ref_free(&s.ref);
	if (r == 0 || !err->msg[0]) /* without a message sbx-image has said why */
		return r;
	_cleanup_free_ char *place = origin_text(profile_get(p->profile, KEY_Sandbox_Image));
	return sbx_err_prefix(err, r, "%s: [Sandbox] Image", place);
}
