/* SPDX-License-Identifier: Apache-2.0 */

/* A profile's text through all that reads it: INI, key table, words, expansion, checks, and out again.  What was
 * accepted and printed must be accepted again. */

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/fdio.h"
#include "sbx/profile.h"
#include "sbx/str.h"

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

static void write_profile(const char *path, const void *bytes, size_t n)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	require(fd >= 0 && write_all(fd, bytes, n) == 0);
}

/* is_plain - whether printing changes nothing: it escapes what drives terminals. */
static bool is_plain(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((bytes[i] < ' ' && bytes[i] != '\n') || bytes[i] > '~')
			return false;
	return true;
}

/* load - the profile at @path, or NULL with at least one problem or a message. */
static struct profile *load(const char *path)
{
	struct profile_request request = {.name_or_path = path};
	_cleanup_strv_ struct strv problems = {0};
	struct profile *profile = NULL;
	struct sbx_err err = {0};
	int r = profile_load(&request, &profile, &problems, &err);
	require((r < 0) == (profile == NULL));
	require(r == 0 || problems.n > 0 || err.msg[0]);
	return profile;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static char *path, *printed;
	if (!path) {
		require(mkdtemp(dir) != NULL);
		atexit(forget_dir);
		path = xasprintf("%s/fuzz.ini", dir);
		printed = xasprintf("%s/printed.ini", dir);
	}
	write_profile(path, bytes, n);
	_cleanup_profile_ struct profile *profile = load(path);
	if (!profile)
		return 0;
	_cleanup_strv_ struct strv notes = {0};
	profile_unsupported(profile, &notes);
	profile_escapes(profile, &notes);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	require(out != NULL);
	profile_print(profile, out);
	fclose(out);
	write_profile(printed, text, len);
	free(text);
	_cleanup_profile_ struct profile *again = load(printed);
	require(again != NULL || !is_plain(bytes, n));
	return 0;
}
