/* SPDX-License-Identifier: Apache-2.0 */

/* Rules for the values of [Sandbox], [Exec], [Security], [Desktop] and the buses. */

#include <errno.h>
#include <string.h>
#include <strings.h>
#include "expand.h"
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/str.h"
#include "table.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool made_of(const char *text, const char *letters)
{
	return *text && text[strspn(text, letters)] == '\0';
}

/* The whole grammar of an image is src/image's; here what no image can be named. */
int check_image(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	for (const char *c = word; *c; c++)
		if ((unsigned char)*c <= ' ' && !strchr(word, '/'))
			return sbx_fail_plain(err, -EINVAL, "a blank in an image's name; expected NAME[:TAG]");
	if (!*word || str_ends(word, ":") || word[0] == '-') /* a variable may be empty */
		return sbx_fail_plain(err, -EINVAL,
			"no image; expected NAME[:TAG], or oci:DIR, oci-archive:FILE, docker-archive:FILE, "
			"rootfs:FILE");
	return 0;
}

int check_platform(enum profile_key key, const char *word, struct sbx_err *err)
{
	size_t slashes = 0;

	(void)key;
	for (const char *c = word; *c; c++)
		slashes += *c == '/';
	if (!made_of(word, LOWER DIGITS "/._-") || slashes < 1 || slashes > 2 || strstr(word, "//") || word[0] == '/' ||
		str_ends(word, "/"))
		return sbx_fail_plain(err, -EINVAL, "no platform; expected os/arch[/variant], linux/arm64");
	return 0;
}

int check_sandbox_name(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	if (!made_of(word, LOWER UPPER DIGITS "_.-") || word[0] == '.' || word[0] == '-' || strlen(word) > 63)
		return sbx_fail_plain(err, -EINVAL,
			"no name for a sandbox; expected at most 63 letters, digits, _ . and -, not beginning with . "
			"or -");
	return 0;
}

int check_join(enum profile_key key, const char *word, struct sbx_err *err)
{
	return check_sandbox_name(key, word, err);
}

/* One name or number of passwd(5) or group(5).  Names of images may be odd; what cannot stand there is refused. */
static bool is_account(const char *text, size_t len)
{
	_cleanup_free_ char *name = xstrndup(text, len);
	uint32_t id;

	if (len == 0 || len > 256)
		return false;
	if (name[0] >= '0' && name[0] <= '9')
		return parse_id(name, &id) == 0;
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c <= ' ' || *c == ':' || *c == ',' || *c == '/' || *c == 0x7f)
			return false;
	return name[0] != '-';
}

int check_user(enum profile_key key, const char *word, struct sbx_err *err)
{
	const char *colon = strchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : strlen(word);

	(void)key;
	if (!is_account(word, len) || (colon && !is_account(colon + 1, strlen(colon + 1))))
		return sbx_fail_plain(
			err, -EINVAL, "no user; expected USER[:GROUP], names or numbers up to 4294967294");
	return 0;
}

int check_account(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	if (!is_account(word, strlen(word)))
		return sbx_fail_plain(err, -EINVAL, "no group; expected a name, or a number up to 4294967294");
	return 0;
}

int check_environment(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	if (word[0] == '=' || !*word)
		return sbx_fail_plain(
			err, -EINVAL, "no variable's name; expected NAME=VALUE, or NAME to copy the host's");
	return 0;
}

/* Source: hostname(7): at most 64 bytes of letters, digits, - and dots. */
int check_host_name(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	if (!made_of(word, LOWER UPPER DIGITS ".-_") || strlen(word) > 64 || word[0] == '-' || word[0] == '.')
		return sbx_fail_plain(err, -EINVAL, "no host name; expected at most 64 letters, digits, - and dots");
	return 0;
}

int check_timezone(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	if (!made_of(word, LOWER UPPER DIGITS "/_+-") || word[0] == '/' || strstr(word, "//"))
		return sbx_fail_plain(err, -EINVAL, "no time zone; expected Area/City, UTC or local");
	return 0;
}

/* Source: capabilities(7), linux/capability.h of Linux 5.9 and later. */
static const char *const capabilities[] = {"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL",
	"SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
	"IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
	"SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
	"AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
	"PERFMON", "BPF", "CHECKPOINT_RESTORE"};

int check_capability(enum profile_key key, const char *word, struct sbx_err *err)
{
	const char *name = strncasecmp(word, "CAP_", 4) == 0 ? word + 4 : word;

	(void)key;
	if (strcasecmp(word, "all") == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (strcasecmp(capabilities[i], name) == 0)
			return 0;
	const char *near = str_nearest(name, capabilities, ARRAY_SIZE(capabilities));
	if (near)
		return sbx_fail_plain(err, -EINVAL, "no capability; did you mean %s?", near);
	return sbx_fail_plain(err, -EINVAL, "no capability; expected a name of capabilities(7), or all");
}

int check_seccomp(enum profile_key key, const char *word, struct sbx_err *err)
{
	static const char *const names[] = {"default", "strict", "devel", "nested", "unconfined"};

	(void)key;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], word))
			return 0;
	if (strchr(word, '/') || str_ends(word, ".json"))
		return 0;
	const char *near = str_nearest(word, names, ARRAY_SIZE(names));
	return sbx_fail_plain(err, -EINVAL,
		"no filter; expected default, strict, devel, nested, unconfined or a JSON file%s%s%s",
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Source: D-Bus specification, "Bus names". */
static bool is_dotted(const char *text, size_t len)
{
	bool dot = false, start = true;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.') {
			if (start)
				return false;
			dot = start = true;
			continue;
		}
		if (!strchr(LOWER UPPER DIGITS "_-", text[i]) || (start && strchr(DIGITS, text[i])))
			return false;
		start = false;
	}
	return dot && !start && len <= 255;
}

int check_app_id(enum profile_key key, const char *word, struct sbx_err *err)
{
	(void)key;
	if (!is_dotted(word, strlen(word)))
		return sbx_fail_plain(err, -EINVAL, "no application's name; expected org.example.App");
	return 0;
}

int check_bus_name(enum profile_key key, const char *word, struct sbx_err *err)
{
	size_t len = strlen(word) - (str_ends(word, ".*") ? 2 : 0);

	(void)key;
	if (!is_dotted(word, len))
		return sbx_fail_plain(err, -EINVAL, "no bus name; expected org.example.Name or org.example.Name.*");
	return 0;
}

int check_bus_rule(enum profile_key key, const char *word, struct sbx_err *err)
{
	const char *equals = strchr(word, '=');
	_cleanup_free_ char *name = equals ? xstrndup(word, (size_t)(equals - word)) : NULL;

	if (!name || !equals[1] || check_bus_name(key, name, NULL) < 0)
		return sbx_fail_plain(err, -EINVAL, "no rule; expected NAME=[METHOD][@PATH]");
	return 0;
}
