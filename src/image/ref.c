/* SPDX-License-Identifier: Apache-2.0 */

/* References: what stands in Image= and behind `image import`.
 * Source: the distribution project's reference grammar (reference/reference.go); containers-transports(5). */

#include "sbx/image.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define NAME_MAX_LEN 255 /* the grammar's limit for a name without its tag */
#define TAG_MAX_LEN 128

static const struct {
	const char *prefix;
	enum image_transport transport;
	bool has_tag;
} transports[] = {
	{"oci:", IMAGE_OCI, true},
	{"oci-archive:", IMAGE_OCI_ARCHIVE, true},
	{"docker-archive:", IMAGE_DOCKER_ARCHIVE, true},
	{"rootfs:", IMAGE_ROOTFS, false},
	{"dir:", IMAGE_DIR, false},
};

/* component_len - the length of a path component at @s: [a-z0-9]+ joined by one '.', one or two '_', or any
 * number of '-'.  0 where there is none. */
static size_t component_len(const char *s)
{
	size_t n = strspn(s, LOWER DIGITS), sep;

	for (size_t end = n; end > 0;) {
		n = end;
		if (s[n] == '.')
			sep = 1;
		else if (s[n] == '_')
			sep = s[n + 1] == '_' ? 2 : 1;
		else
			sep = strspn(s + n, "-");
		size_t more = sep ? strspn(s + n + sep, LOWER DIGITS) : 0;
		end = more ? n + sep + more : 0;
	}
	return n;
}

/* host_len - the length of a registry's name at @s, a '/' behind it: with a '.' or ':' in it, or "localhost"; else the
 * first part of the name is a path component like the others.  0 where there is none. */
static size_t host_len(const char *s)
{
	size_t n = strspn(s, LOWER UPPER DIGITS ".-"), host = n;

	if (n > 0 && s[n] == ':') {
		size_t port = strspn(s + n + 1, DIGITS);
		if (port == 0 || port > 5)
			return 0;
		n += 1 + port;
	}
	if (n == 0 || s[n] != '/' || s[0] == '.' || s[0] == '-' || s[host - 1] == '.' || s[host - 1] == '-')
		return 0;
	bool is_host = n > host || memchr(s, '.', host) || (host == 9 && strncmp(s, "localhost", 9) == 0);
	return is_host ? n : 0;
}

/* repository_len - the length of [HOST[:PORT]/]COMPONENT[/COMPONENT…] at @s, 0 where there is none. */
static size_t repository_len(const char *s)
{
	size_t n = host_len(s), part;

	if (n > 0)
		n++;
	for (;;) {
		part = component_len(s + n);
		if (part == 0)
			return 0;
		n += part;
		if (s[n] != '/')
			return n;
		n++;
	}
}

static bool tag_valid(const char *tag)
{
	size_t n = strspn(tag, LOWER UPPER DIGITS "_.-");

	return n > 0 && n <= TAG_MAX_LEN && tag[n] == '\0' && tag[0] != '.' && tag[0] != '-';
}

static int name_bad(const char *text, struct sbx_err *err)
{
	_cleanup_free_ char *safe = text_escape(text);
	_cleanup_free_ char *lower = xstrdup(text);

	for (char *c = lower; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	size_t n = repository_len(lower);
	if (n > 0 && strcmp(lower, text) != 0 && strchr("@:", lower[n]))
		return sbx_fail_plain(err, -EINVAL,
			"image name \"%s\": a name is written in lower case (only host names and tags may have "
			"capitals)",
			safe);
	return sbx_fail_plain(err, -EINVAL,
		"image name \"%s\" is not of the form [HOST[:PORT]/]NAME[:TAG][@sha256:HEX]; files are written as "
		"oci:DIR, oci-archive:FILE, docker-archive:FILE or rootfs:FILE",
		safe);
}

/* parse_name - NAME[:TAG][@DIGEST] or sha256:HEX. */
static int parse_name(const char *text, struct image_ref *ref, struct sbx_err *err)
{
	int r;

	if (str_starts(text, "sha256:")) {
		ref->has_digest = true;
		return digest_parse(text, &ref->digest, err);
	}
	size_t n = repository_len(text);
	if (n == 0 || n > NAME_MAX_LEN || !strchr("@:", text[n]))
		return name_bad(text, err);
	_cleanup_free_ char *repository = xstrndup(text, n);
	const char *rest = text + n, *at = strchr(rest, '@');
	_cleanup_free_ char *tag =
		*rest == ':' ? xstrndup(rest + 1, at ? (size_t)(at - rest - 1) : strlen(rest + 1)) : NULL;
	if (tag && !tag_valid(tag))
		return name_bad(text, err);
	if (at) {
		ref->has_digest = true;
		r = digest_parse(at + 1, &ref->digest, err);
		if (r < 0)
			return sbx_err_prefix(err, r, "image name \"%s\"", text);
		/* Docker and podman let the digest decide and the tag be decoration; so does this. */
		ref->name = steal_ptr(repository);
		return 0;
	}
	ref->tag_default = !tag;
	ref->tag = tag ? steal_ptr(tag) : xstrdup("latest");
	ref->name = xasprintf("%s:%s", repository, ref->tag);
	return 0;
}

/* parse_file - what stands behind a transport's prefix. */
static int parse_file(const char *text, size_t prefix_len, bool has_tag, struct image_ref *ref, struct sbx_err *err)
{
	const char *path = text + prefix_len;
	const char *colon = has_tag ? strchr(path, ':') : NULL;

	ref->name = colon ? xstrndup(path, (size_t)(colon - path)) : xstrdup(path);
	if (!*ref->name)
		return sbx_fail_plain(
			err, -EINVAL, "image \"%s\": no path behind \"%.*s\"", text, (int)prefix_len, text);
	if (!colon)
		return 0;
	if (!colon[1])
		return sbx_fail_plain(err, -EINVAL, "image \"%s\": no tag behind the last ':'", text);
	ref->tag = xstrdup(colon + 1);
	return 0;
}

int image_ref_parse(const char *text, struct image_ref *ret, struct sbx_err *err)
{
	struct image_ref ref = {.transport = IMAGE_NAME};
	int r = 1;

	if (!*text)
		return sbx_fail_plain(err, -EINVAL, "the image's name is empty");
	for (size_t i = 0; r == 1 && i < ARRAY_SIZE(transports); i++) {
		if (!str_starts(text, transports[i].prefix))
			continue;
		ref.transport = transports[i].transport;
		r = parse_file(text, strlen(transports[i].prefix), transports[i].has_tag, &ref, err);
	}
	if (r == 1 && (str_starts(text, "/") || str_starts(text, "./") || str_starts(text, "../"))) {
		ref.transport = IMAGE_DIR;
		r = parse_file(text, 0, false, &ref, err);
	}
	if (r == 1)
		r = parse_name(text, &ref, err);
	if (r < 0) {
		image_ref_free(&ref);
		return r;
	}
	*ret = ref;
	return 0;
}

void image_ref_free(struct image_ref *ref)
{
	free(ref->name);
	free(ref->tag);
	*ref = (struct image_ref){0};
}

int image_name_check(const char *name, struct sbx_err *err)
{
	size_t n = repository_len(name);

	if (n == 0 || n > NAME_MAX_LEN || name[n] != ':' || !tag_valid(name + n + 1))
		return name_bad(name, err);
	return 0;
}
