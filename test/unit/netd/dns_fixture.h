/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The name server inside, between frames and connections of a sandbox and real servers on the loopback. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "src/netd/dns.h"
#include "src/netd/dns_message.h"
#include "frames.h"
#include "messages.h"

#define SERVERS 2

/* A server of the host: a UDP and a TCP socket on one port. */
struct server {
	int udp, tcp;
	struct net_server at;
	struct sockaddr_in peer; /* who asked last over UDP */
	struct message got;
};

static struct loop *loop;
static struct allow *allow;
static struct dns *dns;
static struct net_stats stats;
static struct server servers[SERVERS];
static struct frame sent; /* the last frame to the sandbox */
static unsigned n_sent, n_asked;
static char last_asked[1100];
static bool last_allowed;
static int inside; /* the sandbox's end of a connection */

static inline void send_frame(void *data, const uint8_t *frame, size_t n)
{
	assert_ptr_equal(data, &stats);
	assert_true(n <= sizeof sent.b);
	memcpy(sent.b, frame, n);
	sent.n = n;
	n_sent++;
}

static inline void asked(void *data, const char *name, bool allowed)
{
	(void)data;
	n_asked++;
	snprintf(last_asked, sizeof last_asked, "%s", name);
	last_allowed = allowed;
}

static inline void server_open(struct server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;

	s->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->tcp, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(s->tcp, 8), 0);
	assert_int_equal(getsockname(s->tcp, (struct sockaddr *)&at, &n), 0);
	s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->udp, (struct sockaddr *)&at, sizeof at), 0);
	memset(&s->at, 0, sizeof s->at);
	s->at.addr.bytes[10] = s->at.addr.bytes[11] = 0xff;
	memcpy(s->at.addr.bytes + 12, &at.sin_addr, 4);
	s->at.port = ntohs(at.sin_port);
}

static inline int setup(void **state)
{
	(void)state;
	loop = loop_new();
	allow = allow_new();
	memset(&stats, 0, sizeof stats);
	n_sent = n_asked = 0;
	inside = -1;
	const struct dns_options options = {.loop = loop,
		.allow = allow,
		.stats = &stats,
		.send_frame = send_frame,
		.asked = asked,
		.data = &stats};
	dns = dns_new(&options);
	struct net_server list[SERVERS];
	for (size_t i = 0; i < SERVERS; i++) {
		server_open(&servers[i]);
		list[i] = servers[i].at;
	}
	dns_set_servers(dns, list, SERVERS);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	dns_free(dns);
	allow_free(allow);
	loop_free(loop);
	if (inside >= 0)
		close(inside);
	for (size_t i = 0; i < SERVERS; i++) {
		close(servers[i].udp);
		close(servers[i].tcp);
	}
	return 0;
}

static inline void end(void *data)
{
	*(bool *)data = true;
	loop_end(loop);
}

static inline void readable(void *data, short revents)
{
	(void)revents;
	end(data);
}

/* run_until - the loop until @fd can be read (-1: nothing), at most @ms.  Returns whether it can. */
static inline bool run_until(int fd, unsigned ms)
{
	bool ready = false, late = false;
	struct loop_watch watch = {.fd = fd, .events = POLLIN, .ready = readable, .data = &ready};
	struct loop_timer timer = {.due_ms = loop_now_ms() + ms, .due = end, .data = &late};

	if (fd >= 0)
		loop_add(loop, &watch);
	loop_add_timer(loop, &timer);
	while (!ready && !late)
		assert_int_equal(loop_run(loop, NULL), 0);
	loop_remove_timer(loop, &timer);
	if (fd >= 0)
		loop_remove(loop, &watch);
	return ready;
}

/* ask - a datagram with @m's bytes from the sandbox. */
static inline void ask(const struct message *m)
{
	static struct frame f;
	struct packet p;
	frame_ip4(&f, NET_DNS4, IPPROTO_UDP, 0, 8 + m->n);
	put_udp(&f, L4_AT, 53, m->n);
	memcpy(f.b + L4_AT + 8, m->b, m->n);
	packet_parse(f.b, f.n, &p);
	assert_int_equal(p.kind, PACKET_UDP);
	dns_query_frame(dns, f.b, f.n, &p);
	memset(f.b, 0xee, sizeof f.b); /* nothing of it may be used later */
}

static inline void ask_for(const char *name, unsigned type)
{
	static struct message m;
	m_start(&m, 0x4242, 0x0100);
	m_question(&m, name, type);
	ask(&m);
}

static inline bool server_gets(struct server *s, unsigned ms)
{
	socklen_t n = sizeof s->peer;
	if (!run_until(s->udp, ms))
		return false;
	ssize_t r = recvfrom(s->udp, s->got.b, sizeof s->got.b, 0, (struct sockaddr *)&s->peer, &n);
	assert_true(r > 12);
	s->got.n = (size_t)r;
	return true;
}

/* answer_start - an answer to what the server got last. */
static inline void answer_start(const struct server *s, struct message *m, const char *name, unsigned type)
{
	m_start(m, rd16(s->got.b), ANSWER);
	m_question(m, name, type);
}

static inline void server_sends(struct server *s, const struct message *m)
{
	assert_int_equal(sendto(s->udp, m->b, m->n, 0, (struct sockaddr *)&s->peer, sizeof s->peer), m->n);
}

static inline void answer_with(struct server *s, const char *name, const char *address)
{
	static struct message m;
	answer_start(s, &m, name, strchr(address, ':') ? AAAA : A);
	m_address(&m, 1, name, 60, address);
	server_sends(s, &m);
}

/* frame_comes - whether a frame comes to the sandbox within @ms. */
static inline bool frame_comes(unsigned ms)
{
	unsigned before = n_sent;
	for (uint64_t due_ms = loop_now_ms() + ms; n_sent == before && loop_now_ms() < due_ms;)
		run_until(-1, 5);
	return n_sent > before;
}

static inline const uint8_t *reply(void)
{
	return sent.b + L4_AT + 8;
}

static inline unsigned reply_code(void)
{
	assert_int_equal(rd16(reply()), 0x4242);
	assert_true(reply()[2] & 0x80);
	return reply()[3] & 15;
}

static inline enum allow_verdict verdict(const char *text)
{
	struct net_addr a = {{[10] = 0xff, [11] = 0xff}};
	inet_pton(AF_INET, text, a.bytes + 12);
	return allow_check(allow, &a, 443, false, loop_now_ms());
}
