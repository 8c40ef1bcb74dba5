/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one error convention: a function that can fail returns 0 or a negative errno and fills a struct sbx_err
 * if and only if the result is negative.  The struct is of fixed size and holds no pointers, so that it crosses
 * clone(2) and sockets as plain bytes. */

#include <stdarg.h>

#define SBX_ERR_MSG_MAX 1024

struct sbx_err {
	int code;                  /* negative errno, 0 while unset */
	char msg[SBX_ERR_MSG_MAX]; /* one line without "sbx: " or a newline; NUL-terminated, cut at a UTF-8 border */
};

/* sbx_fail - record a failure.
 * @err: borrowed, may be NULL.  @code: negative errno; appended as ": strerror" unless the message already ends in
 * one of the convention's own words (see sbx_fail_plain).
 * Returns @code, so that callers write: return sbx_fail(err, -errno, "open %s", path);
 * Context: anywhere, also after clone and before exec (no allocation). */
int sbx_fail(struct sbx_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* sbx_fail_plain - the same without the strerror text: the message says it all. */
int sbx_fail_plain(struct sbx_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* sbx_err_prefix - put "prefix: " before the message of a failure that passes through.
 * Returns err->code (or @code where @err is NULL). */
int sbx_err_prefix(struct sbx_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
