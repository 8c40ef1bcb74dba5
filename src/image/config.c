/* SPDX-License-Identifier: Apache-2.0 */

/* An image's configuration.  Source: OCI image-spec v1.1, config.md; Docker's image/spec v1.2, whose keys are the same.
 */

#include "json.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"

static const char what[] = "the image's configuration";

/* parse_created - RFC 3339 to seconds; 0 where it is none: a wrong date spoils no image. */
static uint64_t parse_created(const char *text)
{
	struct tm tm = {0};
	int sign = 1, hours = 0, minutes = 0;

	if (!text)
		return 0;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return 0;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (*rest == '+' || *rest == '-') {
		sign = *rest == '-' ? -1 : 1;
		if (sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2)
			return 0;
	} else if (*rest != 'Z') {
		return 0;
	}
	time_t at = timegm(&tm) - sign * (hours * 3600 + minutes * 60);
	return at > 0 ? (uint64_t)at : 0;
}

/* parse_keys - the keys of an object whose values say nothing ("Volumes": {"/data": {}}). */
static int parse_keys(const json_t *config, const char *key, struct strv *ret, struct sbx_err *err)
{
	json_t *object, *value;
	const char *name;
	int r = json_get_object(config, key, what, &object, err);

	if (r < 0)
		return r;
	json_object_foreach(object, name, value) strv_add(ret, name);
	return 0;
}

static int parse_labels(const json_t *config, struct strv *ret, struct sbx_err *err)
{
	json_t *object, *value;
	const char *name;
	int r = json_get_object(config, "Labels", what, &object, err);

	if (r < 0)
		return r;
	json_object_foreach(object, name, value)
	{
		if (!json_is_string(value))
			return json_bad(err, what, "is wrong: the label \"%s\" is not a string", name);
		strv_addf(ret, "%s=%s", name, json_string_value(value));
	}
	return 0;
}

/* parse_env - NAME=VALUE each.  An entry without '=' would be one that copies the host's value, if it were passed on
 * as an option is (podman, CVE-2026-57231). */
static int parse_env(const json_t *config, struct strv *ret, struct sbx_err *err)
{
	int r = json_get_strings(config, "Env", what, ret, err);

	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		const char *equals = strchr(ret->v[i], '=');
		if (!equals || equals == ret->v[i])
			return json_bad(
				err, what, "is wrong: \"%s\" in \"Env\" is not of the form NAME=VALUE", ret->v[i]);
	}
	return r;
}

/* parse_text - a string; an empty one is as none. */
static int parse_text(const json_t *config, const char *key, char **ret, struct sbx_err *err)
{
	const char *text;
	int r = json_get_string(config, key, what, &text, err);

	if (r == 0)
		*ret = xstrdup(str_empty(text) ? NULL : text);
	return r;
}

/* parse_exec - the part that says what runs and how. */
static int parse_exec(const json_t *root, struct image *image, struct sbx_err *err)
{
	json_t *config;
	int r = json_get_object(root, "config", what, &config, err);

	if (r < 0 || !config)
		return r;
	r = json_get_strings(config, "Entrypoint", what, &image->entrypoint, err);
	if (r >= 0)
		r = json_get_strings(config, "Cmd", what, &image->cmd, err);
	if (r >= 0)
		r = parse_env(config, &image->env, err);
	if (r >= 0)
		r = parse_keys(config, "Volumes", &image->volumes, err);
	if (r >= 0)
		r = parse_keys(config, "ExposedPorts", &image->exposed_ports, err);
	if (r >= 0)
		r = parse_labels(config, &image->labels, err);
	if (r >= 0)
		r = parse_text(config, "WorkingDir", &image->working_dir, err);
	if (r >= 0)
		r = parse_text(config, "User", &image->user, err);
	if (r >= 0)
		r = parse_text(config, "StopSignal", &image->stop_signal, err);
	return r;
}

static int parse_platform(const json_t *root, struct platform *ret, struct sbx_err *err)
{
	const char *os, *arch, *variant;

	if (json_get_string(root, "os", what, &os, err) < 0 ||
		json_get_string(root, "architecture", what, &arch, err) < 0 ||
		json_get_string(root, "variant", what, &variant, err) < 0)
		return -EBADMSG;
	if (str_empty(os) || str_empty(arch))
		return json_bad(err, what, "does not say \"os\" and \"architecture\"");
	if (platform_make(os, arch, variant, ret) < 0)
		return json_bad(err, what, "is for a platform that cannot be: \"%s/%s%s%s\"", os, arch,
			str_empty(variant) ? "" : "/", variant ? variant : "");
	return 0;
}

static int parse_diff_ids(const json_t *root, struct digest **ret, size_t *ret_n, struct sbx_err *err)
{
	_cleanup_free_ struct digest *ids = NULL;
	_cleanup_strv_ struct strv texts = {0};
	const char *type;
	json_t *rootfs;
	int r = json_get_object(root, "rootfs", what, &rootfs, err);

	if (r < 0)
		return r;
	if (!rootfs)
		return json_bad(err, what, "has no \"rootfs\": this is no container image");
	r = json_get_string(rootfs, "type", what, &type, err);
	if (r < 0)
		return r;
	if (!str_eq(type, "layers"))
		return json_bad(err, what, "is wrong: \"rootfs\" is not of the type \"layers\"");
	r = json_get_strings(rootfs, "diff_ids", what, &texts, err);
	if (r < 0)
		return r;
	if (texts.n > IMAGE_LAYERS_MAX)
		return json_bad(err, what, "names %zu layers; at most %d can be stacked", texts.n, IMAGE_LAYERS_MAX);
	ids = xcalloc(texts.n + 1, sizeof(*ids));
	for (size_t i = 0; i < texts.n; i++) {
		r = digest_parse(texts.v[i], &ids[i], err);
		if (r < 0)
			return sbx_err_prefix(err, r, "%s", what);
	}
	*ret_n = texts.n;
	*ret = steal_ptr(ids);
	return 0;
}

int config_parse(
	const json_t *config, struct image *image, struct digest **ret_diff_ids, size_t *ret_n, struct sbx_err *err)
{
	const char *created;
	int r;

	if (!json_is_object(config))
		return json_bad(err, what, "is not a JSON object");
	r = parse_platform(config, &image->platform, err);
	if (r >= 0)
		r = json_get_string(config, "created", what, &created, err);
	if (r < 0)
		return r;
	image->created_s = parse_created(created);
	r = parse_exec(config, image, err);
	return r < 0 ? r : parse_diff_ids(config, ret_diff_ids, ret_n, err);
}

int config_history(const json_t *config, struct image *image, struct sbx_err *err)
{
	json_t *history, *entry;
	size_t i, n = 0;
	int r = json_get_array(config, "history", what, &history, err);

	if (r < 0)
		return r;
	json_array_foreach(history, i, entry) n += !json_is_true(json_object_get(entry, "empty_layer"));
	if (n != image->n_layers) /* commands beside the wrong layers would be worse than none */
		return 0;
	n = 0;
	json_array_foreach(history, i, entry)
	{
		const char *command;
		if (json_is_true(json_object_get(entry, "empty_layer")))
			continue;
		r = json_get_string(entry, "created_by", what, &command, err);
		if (r < 0)
			return r;
		image->layers[n++].created_by = xstrdup(command);
	}
	return 0;
}
