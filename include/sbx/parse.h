/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one checked parser of untrusted numbers.  All take the whole text: no blanks, sign, trailing bytes, nothing out
 * of range.  Each returns 0, -EINVAL (not of the form) or -ERANGE, and fills no err: the caller knows what was read. */

#include <stdbool.h>
#include <stdint.h>

int parse_u64(const char *s, uint64_t max, uint64_t *ret);   /* decimal digits */
int parse_octal(const char *s, uint32_t max, uint32_t *ret); /* octal digits, for file modes */
int parse_id(const char *s, uint32_t *ret);                  /* uid or gid: decimal, 0 to 4294967294 */
int parse_size(const char *s, uint64_t *ret_bytes);          /* bytes, or with K M G T (1024), letter case free */
int parse_time_ms(const char *s, uint64_t *ret_ms);          /* seconds, or ms s min h d; decimal fractions allowed */
int parse_bool(const char *s, bool *ret);                    /* yes no true false on off 1 0 */
int parse_signal(const char *s, int *ret);                   /* SIGTERM, TERM, 15, RTMIN+3 */
const char *signal_name(int sig);                            /* "SIGTERM"; "?" */
