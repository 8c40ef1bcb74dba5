/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Diagnostics for people, on standard error, each line beginning "sbx: ". The level is the program's only global.
 * Errors are not logged: they travel in struct sbx_err and src/cli prints them. */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
