/* SPDX-License-Identifier: Apache-2.0 */

/* A profile's text through all that reads it: INI, key table, words, expansion, checks, and out again.  The input is up
 * to four texts with lines "---" between: the profile, other.ini, which it may include, its drop-in, and options of the
 * command line, a line each.  What was accepted and printed must be accepted again and then print the same. */

#include <ctype.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/profile.h"
#include "sbx/str.h"

#define N_TEXTS 4
#define SEPARATOR "---\n"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static char dir[] = "/tmp/sbx-fuzz-profile-XXXXXX";

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void forget_dir(void)
{
	tree_remove(AT_FDCWD, dir, NULL);
}

/* make_dir - with an environment that is the same each time. */
static void make_dir(void)
{
	require(mkdtemp(dir) != NULL && atexit(forget_dir) == 0);
	_cleanup_free_ char *drop_ins = xasprintf("%s/box.ini.d", dir);
	require(mkdir(drop_ins, 0700) == 0 && clearenv() == 0);
	require(setenv("HOME", dir, 1) == 0 && setenv("XDG_CONFIG_HOME", dir, 1) == 0);
	require(setenv("ODD", " a:b\\ \"'$;#\n", 1) == 0);
}

/* write_file - a new one: ext4 writes a truncated one to the disk at once, which takes longer than all else. */
static void write_file(const char *name, const void *bytes, size_t n)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	unlink(path);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	require(fd >= 0 && write_all(fd, bytes, n) == 0);
}

/* reads_outside - whether a file of the host may be included: one that blocks, or another each time. */
static bool reads_outside(const uint8_t *bytes, size_t n)
{
	bool includes = false;
	for (size_t i = 0; i + 7 <= n && !includes; i++)
		includes = strncasecmp((const char *)bytes + i, "include", 7) == 0;
	return includes && (memchr(bytes, '/', n) || memchr(bytes, '~', n) || memchr(bytes, '$', n));
}

/* is_plain - whether printing changes nothing: it escapes what drives terminals. */
static bool is_plain(const uint8_t *bytes, size_t n)
{
	bool odd = memmem(bytes, n, "ODD", 3) != NULL;
	for (size_t i = 0; i < n && !odd; i++)
		odd = !isascii(bytes[i]) || (!isprint(bytes[i]) && bytes[i] != '\n');
	return !odd;
}

/* load - @name, or NULL with at least one problem or a message. */
static struct profile *load(const char *name, const struct strv *sets)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	const struct profile_request request = {.name_or_path = path, .sets = sets};
	_cleanup_strv_ struct strv problems = {0};
	struct profile *profile = NULL;
	struct sbx_err err = {0};
	int r = profile_load(&request, &profile, &problems, &err);
	require((r < 0) == (profile == NULL));
	require(r == 0 || problems.n > 0 || err.msg[0]);
	return profile;
}

static char *print(const struct profile *profile, bool as_json, size_t *ret_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);
	require(out != NULL);
	if (as_json)
		require(profile_print_json(profile, out) == 0);
	else
		profile_print(profile, out);
	fclose(out);
	return text;
}

/* check_printed - @text is a profile, and its values are those that it was printed from. */
static void check_printed(const char *text, size_t len)
{
	write_file("printed.ini", text, len);
	_cleanup_profile_ struct profile *profile = load("printed.ini", NULL);
	require(profile != NULL);
	if (profile_is_set(profile, KEY_Sandbox_Include))
		return; /* read once more, its lists are longer */
	_cleanup_free_ char *second = print(profile, false, &len);
	for (const char *a = text, *b = second; *a && *b; a += strcspn(a, "\n") + 1, b += strcspn(b, "\n") + 1) {
		size_t n = strcspn(a, "\n");
		require(*a == '#' || strncmp(a, b, n + 1) == 0);
	}
}

static void split(const uint8_t *bytes, size_t n, const uint8_t *texts[static N_TEXTS], size_t lens[static N_TEXTS])
{
	for (size_t i = 0; i < N_TEXTS; i++) {
		const uint8_t *end = i + 1 < N_TEXTS && n ? memmem(bytes, n, SEPARATOR, strlen(SEPARATOR)) : NULL;
		texts[i] = bytes;
		lens[i] = end ? (size_t)(end - bytes) : n;
		size_t used = lens[i] + (end ? strlen(SEPARATOR) : 0);
		bytes += used;
		n -= used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const names[] = {"box.ini", "other.ini", "box.ini.d/1.conf"};
	const uint8_t *texts[N_TEXTS];
	size_t lens[N_TEXTS], len;
	_cleanup_strv_ struct strv sets = {0}, notes = {0};
	if (reads_outside(bytes, n))
		return -1; /* no seed for what follows */
	if (str_ends(dir, "XXXXXX"))
		make_dir();
	split(bytes, n, texts, lens);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		write_file(names[i], texts[i], lens[i]);
	_cleanup_free_ char *options = xstrndup((const char *)texts[N_TEXTS - 1], lens[N_TEXTS - 1]);
	for (char *rest = options, *line; (line = strsep(&rest, "\n"));)
		if (*line)
			strv_add(&sets, line);
	_cleanup_profile_ struct profile *profile = load("box.ini", &sets);
	if (!profile)
		return 0;
	profile_unsupported(profile, &notes);
	profile_escapes(profile, &notes);
	free(print(profile, true, &len));
	_cleanup_free_ char *text = print(profile, false, &len);
	if (is_plain(bytes, n))
		check_printed(text, len);
	return 0;
}
