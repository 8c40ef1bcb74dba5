/* SPDX-License-Identifier: Apache-2.0 */

/* What the _cleanup_*_ attributes call at the end of a scope.  All keep errno, so that `return -errno` works. */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include "sbx/cleanup.h"

void cleanup_free(void *p)
{
	int saved = errno;
	void *block;
	/* By bytes: the pointer is one to char, to a struct ..., and nobody's void *. */
	memcpy(&block, p, sizeof block);
	free(block);
	block = NULL;
	memcpy(p, &block, sizeof block);
	errno = saved;
}

void cleanup_close(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void cleanup_file(FILE **f)
{
	int saved = errno;
	if (*f)
		fclose(*f);
	*f = NULL;
	errno = saved;
}

void cleanup_dir(DIR **d)
{
	int saved = errno;
	if (*d)
		closedir(*d);
	*d = NULL;
	errno = saved;
}

void cleanup_pid(pid_t *pid)
{
	int saved = errno;
	/* What cannot be killed would be waited for for ever. */
	if (*pid > 0 && kill(*pid, SIGKILL) == 0)
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			;
	*pid = -1;
	errno = saved;
}
