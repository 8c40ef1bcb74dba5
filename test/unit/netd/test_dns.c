/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the name server inside, over UDP: whom it asks, whom it believes, what it answers and teaches. */

#include "dns_fixture.h"

static void an_allowed_name_is_asked_for_and_its_address_opens(void **state)
{
	(void)state;
	allow_add_domain(allow, "*.example.org", NULL);
	assert_int_equal(verdict("192.0.2.1"), ALLOW_REFUSE);
	ask_for("WWW.example.org", A);
	assert_int_equal(n_sent, 0);
	assert_true(server_gets(&servers[0], 1000));
	assert_int_equal(rd16(servers[0].got.b + 2), 0x0100);
	answer_with(&servers[0], "WWW.example.org", "192.0.2.1");
	assert_true(frame_comes(1000));
	assert_int_equal(reply_code(), DNS_NOERROR);
	assert_int_equal(rd16(reply() + 6), 1);
	assert_int_equal(rd16(sent.b + L4_AT), 53);
	assert_int_equal(rd16(sent.b + L4_AT + 2), 40000);
	assert_int_equal(content_sum(sent.b, L4_AT, sent.n - L4_AT, IPPROTO_UDP), 0xffff);
	assert_int_equal(verdict("192.0.2.1"), ALLOW_PASS);
	assert_int_equal(verdict("192.0.2.2"), ALLOW_REFUSE);
	assert_string_equal(last_asked, "www.example.org");
	assert_true(last_allowed);
	assert_int_equal(stats.dns_queries, 1);
	assert_int_equal(stats.dns_refusals, 0);
}

static void a_name_that_is_not_allowed_is_refused_at_once_and_asked_of_nobody(void **state)
{
	(void)state;
	allow_add_domain(allow, "example.org", NULL);
	ask_for("secret.of.mine.example.net", A);
	assert_int_equal(n_sent, 1);
	assert_int_equal(reply_code(), DNS_NXDOMAIN);
	assert_string_equal(last_asked, "secret.of.mine.example.net");
	assert_false(last_allowed);
	assert_int_equal(stats.dns_refusals, 1);
	assert_false(server_gets(&servers[0], 50));
	ask_for("example.org", 255);
	assert_int_equal(n_sent, 2);
	assert_int_equal(reply_code(), DNS_REFUSED);
	assert_int_equal(stats.dns_refusals, 2);
	assert_false(server_gets(&servers[0], 50));
}

static void without_servers_the_answer_is_failure_at_once(void **state)
{
	(void)state;
	dns_set_servers(dns, NULL, 0);
	ask_for("example.org", A);
	assert_int_equal(n_sent, 1);
	assert_int_equal(reply_code(), DNS_SERVFAIL);
}

static void each_query_has_its_own_port_and_id(void **state)
{
	(void)state;
	bool ids = false, ports = false;
	unsigned id = 0, port = 0;
	for (unsigned i = 0; i < 20; i++) {
		ask_for("example.org", A);
		assert_true(server_gets(&servers[0], 1000));
		ids |= i > 0 && rd16(servers[0].got.b) != id;
		ports |= i > 0 && servers[0].peer.sin_port != port;
		id = rd16(servers[0].got.b);
		port = servers[0].peer.sin_port;
	}
	assert_true(ids && ports);
}

static void what_is_no_answer_to_the_query_is_left_aside(void **state)
{
	(void)state;
	static struct message m;
	allow_add_domain(allow, "example.org", NULL);
	ask_for("example.org", A);
	assert_true(server_gets(&servers[0], 1000));
	answer_start(&servers[0], &m, "example.org", A); /* another id */
	m.b[0] ^= 1;
	m_address(&m, 1, "example.org", 60, "192.0.2.66");
	server_sends(&servers[0], &m);
	answer_start(&servers[0], &m, "example.com", A); /* another question */
	m_address(&m, 1, "example.org", 60, "192.0.2.66");
	server_sends(&servers[0], &m);
	answer_start(&servers[0], &m, "example.org", A); /* from another server */
	m_address(&m, 1, "example.org", 60, "192.0.2.66");
	servers[1].peer = servers[0].peer;
	server_sends(&servers[1], &m);
	assert_false(frame_comes(100));
	assert_int_equal(verdict("192.0.2.66"), ALLOW_REFUSE);
	answer_with(&servers[0], "example.org", "192.0.2.1");
	assert_true(frame_comes(1000));
	assert_int_equal(verdict("192.0.2.1"), ALLOW_PASS);
	assert_int_equal(verdict("192.0.2.66"), ALLOW_REFUSE);
}

static void a_poisoned_answer_opens_nothing(void **state)
{
	(void)state;
	static struct message m;
	allow_add_domain(allow, "example.org", NULL);
	ask_for("example.org", A);
	assert_true(server_gets(&servers[0], 1000));
	answer_start(&servers[0], &m, "example.org", A);
	m_alias(&m, 1, "example.org", 60, "a.example.net");
	m_address(&m, 1, "b.example.net", 60, "192.0.2.66");
	m_address(&m, 3, "example.org", 60, "192.0.2.67");
	server_sends(&servers[0], &m);
	assert_true(frame_comes(1000));
	assert_int_equal(verdict("192.0.2.66"), ALLOW_REFUSE);
	assert_int_equal(verdict("192.0.2.67"), ALLOW_REFUSE);
}

static void a_silent_server_is_followed_by_the_next_and_silence_by_failure(void **state)
{
	(void)state;
	uint64_t start_ms = loop_now_ms();
	ask_for("example.org", A);
	assert_true(server_gets(&servers[0], 1000));
	assert_true(server_gets(&servers[1], 2000));
	assert_true(server_gets(&servers[0], 2000));
	assert_true(frame_comes(2500));
	assert_int_equal(reply_code(), DNS_SERVFAIL);
	assert_true(loop_now_ms() - start_ms < 7000);
	answer_with(&servers[0], "example.org", "192.0.2.1"); /* too late */
	assert_false(frame_comes(50));
}

static void a_helpless_or_dead_server_is_followed_by_the_next_at_once(void **state)
{
	(void)state;
	static struct message m;
	ask_for("example.org", A);
	assert_true(server_gets(&servers[0], 1000));
	answer_start(&servers[0], &m, "example.org", A);
	m.b[3] |= 2;
	server_sends(&servers[0], &m);
	assert_true(server_gets(&servers[1], 1200));
	answer_with(&servers[1], "example.org", "192.0.2.1");
	assert_true(frame_comes(500));
	assert_int_equal(reply_code(), DNS_NOERROR);

	close(servers[0].udp); /* nobody there: ICMP says so */
	servers[0].udp = -1;
	ask_for("example.org", A);
	assert_true(server_gets(&servers[1], 1200));
	answer_start(&servers[1], &m, "example.org", A); /* malformed, and the last there is but the dead one */
	m.b[7] = 9;
	server_sends(&servers[1], &m);
	assert_true(frame_comes(2500));
	assert_int_equal(reply_code(), DNS_SERVFAIL);
}

static void an_answer_with_an_address_of_the_host_itself_is_emptied(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"127.0.0.1", "0.0.0.0", "169.254.169.254", NET_HOST4, "::1", "fe80::1", "::", "::ffff:127.0.0.1"};
	static struct message m;
	for (int lists = 0; lists < 2; lists++) {
		for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
			unsigned type = strchr(bad[i], ':') ? AAAA : A;
			ask_for("example.org", type);
			assert_true(server_gets(&servers[0], 1000));
			answer_start(&servers[0], &m, "example.org", type);
			m_address(&m, 1, "example.org", 60, type == A ? "192.0.2.9" : "2001:db8::9");
			m_address(&m, 1, "example.org", 60, bad[i]);
			server_sends(&servers[0], &m);
			assert_true(frame_comes(1000));
			assert_int_equal(reply_code(), DNS_NOERROR);
			assert_int_equal(rd16(reply() + 6), 0);
		}
		if (lists)
			assert_int_equal(verdict("192.0.2.9"), ALLOW_REFUSE);
		allow_add_domain(allow, "example.org", NULL);
	}
}

static void a_truncated_answer_sends_the_client_to_tcp(void **state)
{
	(void)state;
	static struct message m;
	allow_add_domain(allow, "example.org", NULL);
	ask_for("example.org", A);
	assert_true(server_gets(&servers[0], 1000));
	answer_start(&servers[0], &m, "example.org", A);
	m_address(&m, 1, "example.org", 60, "192.0.2.1");
	m.b[2] |= 2;
	m.n -= 3;
	server_sends(&servers[0], &m);
	assert_true(frame_comes(1000));
	assert_int_equal(reply_code(), DNS_NOERROR);
	assert_true(reply()[2] & 2);
	assert_int_equal(rd16(reply() + 6), 0);
	assert_int_equal(verdict("192.0.2.1"), ALLOW_REFUSE);

	ask_for("example.org", A); /* whole, but longer than the client takes */
	assert_true(server_gets(&servers[0], 1000));
	answer_start(&servers[0], &m, "example.org", A);
	while (m.n <= 512)
		m_address(&m, 1, "example.org", 60, "192.0.2.1");
	server_sends(&servers[0], &m);
	assert_true(frame_comes(1000));
	assert_true(reply()[2] & 2);
	assert_true(sent.n <= L4_AT + 8 + 512);
}

static void a_flood_of_queries_is_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 500; i++)
		ask_for("example.org", A);
	assert_true(n_sent >= 500 - 128);
	assert_int_equal(reply_code(), DNS_SERVFAIL);
}

static void servers_can_change_while_a_query_is_on_its_way(void **state)
{
	(void)state;
	ask_for("example.org", A);
	assert_true(server_gets(&servers[0], 1000));
	dns_set_servers(dns, &servers[1].at, 1);
	assert_true(server_gets(&servers[1], 2000));
	dns_set_servers(dns, NULL, 0);
	assert_true(frame_comes(2000));
	assert_int_equal(reply_code(), DNS_SERVFAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_allowed_name_is_asked_for_and_its_address_opens, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_name_that_is_not_allowed_is_refused_at_once_and_asked_of_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(without_servers_the_answer_is_failure_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(each_query_has_its_own_port_and_id, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_answer_to_the_query_is_left_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(a_poisoned_answer_opens_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_silent_server_is_followed_by_the_next_and_silence_by_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_helpless_or_dead_server_is_followed_by_the_next_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_with_an_address_of_the_host_itself_is_emptied, setup, teardown),
		cmocka_unit_test_setup_teardown(a_truncated_answer_sends_the_client_to_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_queries_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(servers_can_change_while_a_query_is_on_its_way, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
