/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The TCP/IP stack: libslirp, which ends the sandbox's connections and makes its own on the host.  Nothing reaches it
 * from the sandbox but what the gate let through. */

#include "loop.h"
#include "options.h"
#include "sbx/err.h"

struct stack;

/* Where TCP queries to the name server come to: a socket below the helper's own empty root. */
#define STACK_DNS_SOCKET "/dns"

struct stack_options {
	const struct netd_options *options; /* borrowed while stack_new runs */
	void (*send_frame)(void *data, const uint8_t *frame, size_t n);
	void *data;
};

/* stack_new - with the published ports bound.  -errno: "publish 127.0.0.1:8080/tcp: Address already in use". */
int stack_new(const struct stack_options *options, struct stack **ret, struct sbx_err *err);
void stack_free(struct stack *stack);

/* stack_input - one frame from the sandbox. */
void stack_input(struct stack *stack, const uint8_t *frame, size_t n);

/* stack_guest - its descriptors, for loop_run. */
struct loop_guest stack_guest(struct stack *stack);
