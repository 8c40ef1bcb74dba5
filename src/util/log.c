/* SPDX-License-Identifier: Apache-2.0 */

/* Diagnostics on standard error: each message one write(2), so that lines of several processes do not mix. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "sbx/log.h"

static enum log_level current_level = LOG_WARNING;

void log_set_level(enum log_level level)
{
	current_level = level;
}

enum log_level log_get_level(void)
{
	return current_level;
}

static void log_line(enum log_level level, const char *fmt, va_list ap)
{
	if (level > current_level)
		return;
	int saved = errno;
	char line[2048];
	int n = snprintf(line, sizeof line, "sbx: %s", level == LOG_WARNING ? "warning: " : "");
	int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
	size_t len = (size_t)n + (m < 0 ? 0 : (size_t)m);
	if (len > sizeof line - 2)
		len = sizeof line - 2;
	line[len++] = '\n';
	ssize_t w = write(STDERR_FILENO, line, len);
	(void)w;
	errno = saved;
}

#define LOG_FUNCTION(name, level)         \
	void name(const char *fmt, ...)   \
	{                                 \
		va_list ap;               \
		va_start(ap, fmt);        \
		log_line(level, fmt, ap); \
		va_end(ap);               \
	}

LOG_FUNCTION(log_warning, LOG_WARNING)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)
