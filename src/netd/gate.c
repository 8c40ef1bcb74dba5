/* SPDX-License-Identifier: Apache-2.0 */

/* The gate.  libslirp makes a connection on the host for a pure SYN, a UDP datagram and an echo request, and for
 * nothing else (its tcp_input, udp_input, icmp_input and their IPv6 twins): so these are what is asked about. */

#include "gate.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "packet.h"

#define FRAME_MAX (NET_MTU + 14)
#define FRAMES_A_TURN 256         /* then the connections get their turn */
#define FLOW_IDLE_MS (180 * 1000) /* a little less than libslirp keeps one */

static uint32_t flow_hash(const struct packet *p)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	for (size_t i = 0; i < sizeof p->dst.bytes; i++)
		hash = (hash ^ p->dst.bytes[i]) * 16777619u;
	hash = (hash ^ p->src_port) * 16777619u;
	return (hash ^ p->dst_port) * 16777619u;
}

static struct gate_flow *flow_slot(struct gate *gate, const struct packet *p)
{
	return &gate->flows[flow_hash(p) % GATE_FLOWS];
}

static bool flow_is(const struct gate_flow *flow, const struct packet *p, uint64_t now_ms)
{
	return flow->seen_ms && now_ms - flow->seen_ms < FLOW_IDLE_MS && flow->src_port == p->src_port &&
	       flow->dst_port == p->dst_port && memcmp(&flow->dst, &p->dst, sizeof p->dst) == 0;
}

/* flow_note_incoming - remember whom a published port heard from: to them the sandbox may answer.  Not so with other
 * ports: libslirp takes what anyone sends to the host's side of a flow. */
static void flow_note_incoming(struct gate *gate, const uint8_t *frame, size_t n)
{
	struct packet in;
	packet_parse(frame, n, &in);
	if (in.kind != PACKET_UDP || in.fragment || !gate->published_udp[in.dst_port])
		return;
	/* As the answer will have it. */
	const struct packet answer = {.dst = in.src, .src_port = in.dst_port, .dst_port = in.src_port};
	struct gate_flow *flow = flow_slot(gate, &answer);
	uint64_t now_ms = loop_now_ms();
	/* What answers a datagram of the sandbox's own began inside. */
	bool came_in = !flow_is(flow, &answer, now_ms) || flow->came_in;
	*flow = (struct gate_flow){answer.dst, answer.src_port, answer.dst_port, now_ms, came_in};
}

void gate_send(void *data, const uint8_t *frame, size_t n)
{
	struct gate *gate = data;
	if (gate->tap_fd < 0 || write(gate->tap_fd, frame, n) < 0)
		return;
	gate->stats->in_bytes += n;
	gate->stats->in_packets++;
}

void gate_send_from_stack(void *data, const uint8_t *frame, size_t n)
{
	struct gate *gate = data;
	if (gate->publishes_udp)
		flow_note_incoming(gate, frame, n);
	gate_send(gate, frame, n);
}

void gate_publish_udp(struct gate *gate, uint16_t port)
{
	gate->publishes_udp = true;
	gate->published_udp[port] = true;
}

static const char *protocol_name(const struct packet *p)
{
	return p->kind == PACKET_TCP ? "tcp" : p->kind == PACKET_UDP ? "udp" : "icmp";
}

static void refuse(struct gate *gate, const uint8_t *frame, size_t n, const struct packet *p)
{
	uint8_t answer[PACKET_REFUSAL_MAX];
	size_t len = packet_refuse(frame, n, p, answer);
	gate->stats->refusals++;
	netlog_write(&gate->log, protocol_name(p), allow_name_of(gate->allow, &p->dst), &p->dst, p->dst_port, false);
	if (len > 0)
		gate_send(gate, answer, len);
}

static void pass(struct gate *gate, const uint8_t *frame, size_t n, const struct packet *p, uint64_t now_ms)
{
	bool is_new = p->kind == PACKET_TCP;
	if (p->kind == PACKET_UDP) {
		struct gate_flow *flow = flow_slot(gate, p);
		is_new = !flow_is(flow, p, now_ms);
		*flow = (struct gate_flow){p->dst, p->src_port, p->dst_port, now_ms, !is_new && flow->came_in};
	}
	if (is_new) {
		gate->stats->connections++;
		netlog_write(
			&gate->log, protocol_name(p), allow_name_of(gate->allow, &p->dst), &p->dst, p->dst_port, true);
	}
	stack_input(gate->stack, frame, n);
}

void gate_frame(struct gate *gate, const uint8_t *frame, size_t n)
{
	struct packet p;
	gate->stats->out_bytes += n;
	gate->stats->out_packets++;
	packet_parse(frame, n, &p);
	if (p.kind == PACKET_OTHER)
		return;
	if (p.kind == PACKET_ARP || p.kind == PACKET_NDP || (p.kind == PACKET_TCP && !p.tcp_open)) {
		stack_input(gate->stack, frame, n);
		return;
	}
	/* libslirp 4.7 puts fragments together in memory that is not theirs where they came in frames as large as ours
	 * (ip_reass: seen to crash).  With this MTU only a datagram of more than 65,492 bytes has any. */
	if (p.fragment) {
		refuse(gate, frame, n, &p);
		return;
	}
	uint64_t now_ms = loop_now_ms();
	if (gate->publishes_udp && p.kind == PACKET_UDP) {
		const struct gate_flow *flow = flow_slot(gate, &p);
		if (flow->came_in && flow_is(flow, &p, now_ms)) {
			pass(gate, frame, n, &p, now_ms);
			return;
		}
	}
	switch (allow_check(gate->allow, &p.dst, p.dst_port, p.kind == PACKET_UDP, now_ms)) {
	case ALLOW_PASS:
		pass(gate, frame, n, &p, now_ms);
		break;
	case ALLOW_DNS:
		gate->before_dns(gate->before_dns_data);
		if (p.kind == PACKET_UDP)
			dns_query_frame(gate->dns, frame, n, &p);
		else
			stack_input(gate->stack, frame, n);
		break;
	case ALLOW_REFUSE:
		refuse(gate, frame, n, &p);
		break;
	}
}

static void tap_ready(void *data, short revents)
{
	static uint8_t frame[FRAME_MAX];
	struct gate *gate = data;
	for (int i = 0; i < FRAMES_A_TURN; i++) {
		ssize_t n = read(gate->tap_fd, frame, sizeof frame);
		if (n > 0)
			gate_frame(gate, frame, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			/* The interface went with its namespace, and the sandbox with that. */
			loop_end(gate->loop);
			return;
		} else
			return;
	}
	(void)revents;
}

void gate_open(struct gate *gate, int tap_fd)
{
	gate->tap_fd = tap_fd;
	gate->watch = (struct loop_watch){.fd = tap_fd, .events = POLLIN, .ready = tap_ready, .data = gate};
	loop_add(gate->loop, &gate->watch);
}
