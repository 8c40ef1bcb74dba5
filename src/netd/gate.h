/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Between the tap and the stack: every frame from the sandbox is looked at here, and passed on, answered by the name
 * server, refused at once, or dropped. */

#include "allow.h"
#include "dns.h"
#include "loop.h"
#include "netlog.h"
#include "sbx/nethelper.h"
#include "stack.h"

/* UDP flows, in a table of fixed size.  One that another has pushed out counts as new; its answers wait for the next
 * datagram that comes in. */
#define GATE_FLOWS 16384

struct gate_flow {
	struct net_addr dst;
	uint16_t src_port, dst_port;
	uint64_t seen_ms; /* 0: free */
	bool came_in;     /* begun from outside, at a published port: what goes back is an answer */
};

struct gate {
	int tap_fd; /* owned; -1 until the launcher has sent it */
	struct loop *loop;
	struct loop_watch watch;
	struct stack *stack;
	struct dns *dns;
	struct allow *allow;
	struct net_stats *stats; /* mapped, shared with who reads it */
	bool publishes_udp;      /* what goes in is looked at as well */
	bool published_udp[UINT16_MAX + 1];
	struct netlog log;
	void (*before_dns)(void *data); /* a query is about to be answered */
	void *before_dns_data;
	struct gate_flow flows[GATE_FLOWS];
};

/* gate_open - begin to read from @tap_fd (takes it). */
void gate_open(struct gate *gate, int tap_fd);

/* gate_frame - one frame from the sandbox. */
void gate_frame(struct gate *gate, const uint8_t *frame, size_t n);

/* gate_publish_udp - datagrams to @port of the sandbox may come from anyone, and be answered. */
void gate_publish_udp(struct gate *gate, uint16_t port);

/* gate_send - one frame to the sandbox.  @data: the gate.  A tap that is full loses it, as a wire would.
 * gate_send_from_stack - likewise, and it may begin a flow. */
void gate_send(void *data, const uint8_t *frame, size_t n);
void gate_send_from_stack(void *data, const uint8_t *frame, size_t n);
