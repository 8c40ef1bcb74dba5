/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The helper behind a sandbox's network: sbx-net or pasta, from its start to its end.  All here is for the launcher. */

#include <stdbool.h>
#include <sys/types.h>
#include "sbx/err.h"
#include "sbx/spec.h"
#include "state_run.h"

struct net_helper {
	const struct net_spec *spec; /* NULL: there is none */
	int pidfd;
	int control_fd; /* sbx-net: the socket; pasta: the pipe that it is ready on */
	bool ready;     /* it has said so */
	int out_fd;     /* what it says where it fails */
};
#define NET_HELPER_NONE ((struct net_helper){.pidfd = -1, .control_fd = -1, .out_fd = -1})

/* net_is_awaited - whether the program may start only when the helper is ready: a port that is taken must be known
 * before that, and pasta's interface has no queue as a tap has. */
static inline bool net_is_awaited(const struct net_spec *net)
{
	return net->kind == NET_PASTA || (net->kind == NET_SLIRP && net->n_ports > 0);
}

/* net_start - start what serves the network of @spec, if anything does.
 * @sandbox_pid: of the first process, whose network namespace it is.  @state: where its counters and log go; borrowed.
 */
int net_start(const struct sandbox_spec *spec, pid_t sandbox_pid, const struct run_state *state, struct net_helper *ret,
	struct sbx_err *err);

/* net_give_tap - hand over the tap that the child made, and the name servers. */
int net_give_tap(struct net_helper *helper, int tap_fd, struct sbx_err *err);

/* net_wait_ready - for a network that is awaited.  Returns at once where it has been said. */
int net_wait_ready(struct net_helper *helper, struct sbx_err *err);

/* net_hear - something is to be read from control_fd.  -errno: the helper failed. */
int net_hear(struct net_helper *helper, struct sbx_err *err);

/* net_why - why the helper ended, for a message; or NULL.  Returns new. */
char *net_why(struct net_helper *helper);

/* pasta_start, pasta_hear - the parts of net_start and net_wait_ready for Network=pasta. */
int pasta_start(const struct net_spec *net, pid_t sandbox_pid, struct net_helper *ret, struct sbx_err *err);
int pasta_hear(struct net_helper *helper, struct sbx_err *err);

void net_end(struct net_helper *helper);
