/* SPDX-License-Identifier: Apache-2.0 */

/* The error convention.  No allocation here: it runs between clone and exec. */

#include <stdio.h>
#include <string.h>
#include "sbx/err.h"

/* cut_utf8 - where a message was cut at the end of the buffer, drop the incomplete last character. */
static void cut_utf8(char *s)
{
	size_t len = strlen(s);
	if (len < SBX_ERR_MSG_MAX - 1)
		return;
	size_t at = len;
	while (at > 0 && ((unsigned char)s[at - 1] & 0xc0) == 0x80)
		at--;
	if (at == 0)
		return;
	unsigned char lead = (unsigned char)s[at - 1];
	size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (len - (at - 1) < need)
		s[at - 1] = '\0';
}

static void err_format(struct sbx_err *err, int code, const char *fmt, va_list ap)
{
	err->code = code;
	vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	cut_utf8(err->msg);
}

int sbx_fail(struct sbx_err *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	err_format(err, code, fmt, ap);
	va_end(ap);
	size_t len = strlen(err->msg);
	snprintf(err->msg + len, sizeof err->msg - len, ": %s",
		strerrordesc_np(-code) ? strerrordesc_np(-code) : "unknown error");
	cut_utf8(err->msg);
	return code;
}

int sbx_fail_plain(struct sbx_err *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	err_format(err, code, fmt, ap);
	va_end(ap);
	return code;
}

int sbx_err_prefix(struct sbx_err *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	char old[SBX_ERR_MSG_MAX];
	memcpy(old, err->msg, sizeof old);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	size_t len = strlen(err->msg);
	snprintf(err->msg + len, sizeof err->msg - len, ": %s", old);
	cut_utf8(err->msg);
	return err->code;
}
