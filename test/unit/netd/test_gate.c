/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the gate, between a tap (a pair of sockets) and a stack that only counts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "src/netd/gate.h"
#include "frames.h"

#define RST 4
#define SYN 2

static struct gate *gate;
static struct net_stats stats;
static int inside; /* the sandbox's end of the tap */
static unsigned n_stack, n_before_dns;
static struct frame f, back;

/* The stack of this test. */
void stack_input(struct stack *stack, const uint8_t *frame, size_t n)
{
	assert_null(stack);
	assert_memory_equal(frame, f.b, n);
	n_stack++;
}

static void before_dns(void *data)
{
	assert_ptr_equal(data, gate);
	n_before_dns++;
}

static int setup(void **state)
{
	int tap[2];
	(void)state;
	stats = (struct net_stats){0};
	n_stack = n_before_dns = 0;
	gate = calloc(1, sizeof *gate);
	if (!gate || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, tap) < 0)
		return -1;
	inside = tap[1];
	gate->loop = loop_new();
	gate->allow = allow_new();
	gate->stats = &stats;
	gate->log.fd = memfd_create("log", MFD_CLOEXEC);
	gate->before_dns = before_dns;
	gate->before_dns_data = gate;
	const struct dns_options dns = {
		.loop = gate->loop, .allow = gate->allow, .stats = &stats, .send_frame = gate_send, .data = gate};
	gate->dns = dns_new(&dns);
	gate_open(gate, tap[0]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dns_free(gate->dns);
	allow_free(gate->allow);
	loop_free(gate->loop);
	close(gate->log.fd);
	close(gate->tap_fd);
	close(inside);
	free(gate);
	return 0;
}

static void list(const char *text)
{
	struct sbx_err err = {0};
	assert_int_equal(allow_add_address(gate->allow, text, &err), 0);
}

static void udp(const char *dst, unsigned src_port, unsigned dst_port)
{
	frame_ip4(&f, dst, IPPROTO_UDP, 0, 8 + 4);
	put_udp(&f, L4_AT, dst_port, 4);
	put_ports(&f, L4_AT, src_port, dst_port);
}

/* What the stack makes of a datagram from @src on the host. */
static void udp_in(const char *src, unsigned src_port, unsigned dst_port)
{
	struct frame in;
	frame_ip4(&in, NET_GUEST4, IPPROTO_UDP, 0, 8 + 4);
	inet_pton(AF_INET, src, in.b + IP4_AT + 12);
	ip4_sum(&in);
	put_udp(&in, L4_AT, dst_port, 4);
	put_ports(&in, L4_AT, src_port, dst_port);
	gate_send_from_stack(gate, in.b, in.n);
}

static void tcp(const char *dst, unsigned dst_port, uint8_t flags)
{
	frame_ip4(&f, dst, IPPROTO_TCP, 0, 20);
	put_tcp(&f, L4_AT, dst_port, flags);
}

/* passed - send the frame; whether it came to the stack. */
static bool passed(void)
{
	unsigned before = n_stack;
	gate_frame(gate, f.b, f.n);
	return n_stack > before;
}

/* came_back - whether there is a frame for the sandbox, in @back. */
static bool came_back(void)
{
	ssize_t n = recv(inside, back.b, sizeof back.b, 0);
	back.n = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static unsigned log_lines(void)
{
	char text[8192];
	ssize_t n = pread(gate->log.fd, text, sizeof text, 0);
	unsigned lines = 0;
	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

static void a_new_connection_is_counted_and_logged_once(void **state)
{
	(void)state;
	tcp("192.0.2.7", 443, SYN);
	assert_true(passed());
	tcp("192.0.2.7", 443, 0x10);
	assert_true(passed());
	assert_int_equal(stats.connections, 1);
	assert_int_equal(stats.refusals, 0);
	assert_int_equal(stats.out_packets, 2);
	assert_int_equal(stats.out_bytes, 2 * f.n);
	assert_int_equal(log_lines(), 1);
}

static void a_flow_of_datagrams_is_counted_and_logged_once(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		udp("192.0.2.7", 40000, 123);
		assert_true(passed());
	}
	assert_int_equal(stats.connections, 1);
	udp("192.0.2.7", 40001, 123);
	assert_true(passed());
	udp("192.0.2.8", 40000, 123);
	assert_true(passed());
	assert_int_equal(stats.connections, 3);
	assert_int_equal(log_lines(), 3);
}

static void what_is_not_on_the_list_is_answered_at_once_and_goes_nowhere(void **state)
{
	(void)state;
	list("198.51.100.0/24");
	tcp("192.0.2.7", 443, SYN);
	assert_false(passed());
	assert_true(came_back());
	assert_int_equal(back.b[L4_AT + 13] & RST, RST);
	udp("192.0.2.7", 40000, 443);
	assert_false(passed());
	assert_true(came_back());
	assert_int_equal(back.b[IP4_AT + 9], IPPROTO_ICMP);
	assert_int_equal(stats.refusals, 2);
	assert_int_equal(stats.connections, 0);
	assert_int_equal(log_lines(), 2);
	udp("198.51.100.7", 40000, 443);
	assert_true(passed());
}

static void what_no_stack_needs_is_dropped_without_a_word(void **state)
{
	(void)state;
	static const unsigned types[] = {0x88f8 /* NC-SI, which libslirp would answer */, 0x8100, 0x88cc, 0x1234};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		frame_start(&f, types[i]);
		f.n = 64;
		assert_false(passed());
		assert_false(came_back());
	}
	frame_ip4(&f, "192.0.2.7", 47 /* GRE */, 0, 20);
	assert_false(passed());
}

static void the_services_that_libslirp_has_are_not_reached(void **state)
{
	(void)state;
	static const struct {
		const char *dst;
		unsigned port;
	} services[] = {{NET_HOST4, 67}, {"255.255.255.255", 67}, {"10.213.7.255", 67}, {NET_HOST4, 69},
		{NET_HOST4, 53}, {"10.213.7.254", 53}, {"10.213.7.254", 69}};
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		udp(services[i].dst, 68, services[i].port);
		assert_false(passed());
	}
	frame_ip6(&f, NET_HOST6, IPPROTO_UDP, 8 + 4);
	put_udp(&f, L6_AT, 69, 4);
	assert_false(passed());
	frame_ip6(&f, "ff02::1:2", IPPROTO_UDP, 8 + 4);
	put_udp(&f, L6_AT, 547, 4);
	assert_false(passed());
}

static void a_query_is_for_the_name_server_alone(void **state)
{
	(void)state;
	list("198.51.100.0/24");
	udp(NET_DNS4, 40000, 53);
	assert_false(passed());
	assert_int_equal(n_before_dns, 1);
	assert_int_equal(stats.refusals, 0);
	tcp(NET_DNS4, 53, SYN);
	assert_true(passed());
	tcp(NET_DNS4, 54, SYN);
	assert_false(passed());
}

static void who_wrote_to_a_published_port_is_answered(void **state)
{
	(void)state;
	list("198.51.100.0/24");
	gate_publish_udp(gate, 7000);
	udp("192.0.2.7", 7000, 999);
	assert_false(passed());
	udp_in("192.0.2.7", 999, 7000);
	udp("192.0.2.7", 7000, 999);
	assert_true(passed());
	assert_int_equal(stats.connections, 0);
	udp("192.0.2.7", 7000, 998);
	assert_false(passed());
	udp("192.0.2.7", 7001, 999);
	assert_false(passed());
}

static void who_wrote_to_another_port_opens_no_way(void **state)
{
	(void)state;
	list("198.51.100.0/24");
	gate_publish_udp(gate, 7000);
	udp_in("192.0.2.7", 999, 40000);
	udp("192.0.2.7", 40000, 999);
	assert_false(passed());
}

static void an_answer_of_the_name_server_opens_no_way_past_it(void **state)
{
	(void)state;
	gate_publish_udp(gate, 40000);
	for (int i = 0; i < 3; i++) {
		struct frame answer;
		udp(NET_DNS4, 40000, 53);
		assert_false(passed());
		frame_ip4(&answer, NET_GUEST4, IPPROTO_UDP, 0, 8 + 4);
		inet_pton(AF_INET, NET_DNS4, answer.b + IP4_AT + 12);
		ip4_sum(&answer);
		put_udp(&answer, L4_AT, 40000, 4);
		put_ports(&answer, L4_AT, 53, 40000);
		gate_send(gate, answer.b, answer.n);
	}
}

static void fragments_never_reach_the_stack(void **state)
{
	static const unsigned fields[] = {0x2000, 0x0001, 0x2001};
	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		frame_ip4(&f, "192.0.2.1", IPPROTO_UDP, 0, 8 + 8);
		put_udp(&f, L4_AT, 80, 8);
		be16(f.b + IP4_AT + 6, fields[i]);
		ip4_sum(&f);
		assert_false(passed());
		assert_int_equal(stats.refusals, i + 1);
	}
}

static void frames_are_read_from_the_tap_until_it_ends(void **state)
{
	(void)state;
	tcp("192.0.2.7", 443, SYN);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(inside, f.b, f.n, 0), f.n);
	gate->watch.ready(gate->watch.data, POLLIN);
	assert_int_equal(n_stack, 3);
	/* A tap whose interface is gone says EBADFD; this pair says end of file. It is the sandbox that has ended. */
	close(inside);
	inside = -1;
	gate->watch.ready(gate->watch.data, POLLIN | POLLHUP);
	assert_int_equal(loop_run(gate->loop, NULL), 0);
}

static void a_full_tap_loses_frames_and_stops_nobody(void **state)
{
	(void)state;
	tcp("192.0.2.7", 443, RST);
	for (int i = 0; i < 100000; i++)
		gate_send(gate, f.b, f.n);
	assert_true(stats.in_packets > 0);
	assert_true(stats.in_packets < 100000);
	assert_int_equal(stats.in_bytes, stats.in_packets * f.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_connection_is_counted_and_logged_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flow_of_datagrams_is_counted_and_logged_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_not_on_the_list_is_answered_at_once_and_goes_nowhere, setup, teardown),
		cmocka_unit_test_setup_teardown(what_no_stack_needs_is_dropped_without_a_word, setup, teardown),
		cmocka_unit_test_setup_teardown(the_services_that_libslirp_has_are_not_reached, setup, teardown),
		cmocka_unit_test_setup_teardown(a_query_is_for_the_name_server_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(who_wrote_to_a_published_port_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(who_wrote_to_another_port_opens_no_way, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_of_the_name_server_opens_no_way_past_it, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_never_reach_the_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(frames_are_read_from_the_tap_until_it_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_tap_loses_frames_and_stops_nobody, setup, teardown),
	};
	return cmocka_run_group_tests_name("the gate", tests, NULL, NULL);
}
