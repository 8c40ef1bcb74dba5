/* SPDX-License-Identifier: Apache-2.0 */

/* Digests: their grammar, which is checked before one becomes a path, and chain IDs.
 * Source: OCI image-spec, descriptor.md, "Digests". */

#include "sbx/image.h"

#include <errno.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/sha256.h"
#include "sbx/str.h"

#define PREFIX "sha256:"

int digest_parse(const char *text, struct digest *ret, struct sbx_err *err)
{
	size_t n = strlen(text);

	if (!str_starts(text, PREFIX)) {
		_cleanup_free_ char *safe = text_escape(n <= 200 ? text : "(a long text)");
		size_t word = strcspn(text, ":");
		if (word < n && word <= 64 && word > 0)
			return sbx_fail_plain(err, -EINVAL, "digest %s: only sha256 is supported", safe);
		return sbx_fail_plain(err, -EINVAL, "\"%s\" is no digest (sha256:HEX)", safe);
	}
	text += strlen(PREFIX);
	/* Lower case alone: the specification says so, and one digest must not be two paths. */
	if (strlen(text) != DIGEST_HEX_LEN || strspn(text, "0123456789abcdef") != DIGEST_HEX_LEN)
		return sbx_fail_plain(
			err, -EINVAL, "a sha256 digest has 64 digits 0-9a-f behind \"sha256:\", this one has not");
	memcpy(ret->hex, text, DIGEST_HEX_LEN + 1);
	return 0;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a->hex, b->hex, sizeof(a->hex)) == 0;
}

void digest_of(const void *bytes, size_t n, struct digest *ret)
{
	_Static_assert(sizeof(ret->hex) == SHA256_HEX_LEN + 1, "one size");
	sha256_hex(bytes, n, ret->hex);
}

void chain_id(const struct digest *parent, const struct digest *diff_id, struct digest *ret)
{
	char text[2 * (sizeof(PREFIX) + DIGEST_HEX_LEN) + 1];

	if (!parent) {
		*ret = *diff_id;
		return;
	}
	int n = snprintf(text, sizeof(text), PREFIX "%s " PREFIX "%s", parent->hex, diff_id->hex);
	digest_of(text, (size_t)n, ret);
}
