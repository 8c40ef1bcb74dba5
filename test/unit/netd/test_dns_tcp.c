/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the name server inside, over TCP (RFC 7766). */

#include <fcntl.h>
#include "dns_fixture.h"

static int listener_path(struct sockaddr_un *at)
{
	static unsigned n;
	memset(at, 0, sizeof *at);
	at->sun_family = AF_UNIX;
	snprintf(at->sun_path + 1, sizeof at->sun_path - 1, "sbx-test-dns-%d-%u", (int)getpid(), n++);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static struct sockaddr_un door;

static int setup_tcp(void **state)
{
	setup(state);
	dns_listen(dns, listener_path(&door));
	return 0;
}

static int connect_inside(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&door, sizeof door), 0);
	return fd;
}

static void send_message(int fd, const struct message *m)
{
	uint8_t length[2];
	be16(length, (unsigned)m->n);
	assert_int_equal(send(fd, length, 2, MSG_NOSIGNAL), 2);
	assert_int_equal(send(fd, m->b, m->n, MSG_NOSIGNAL), m->n);
}

static void ask_over(int fd, unsigned id, const char *name)
{
	static struct message m;
	m_start(&m, id, 0x0100);
	m_question(&m, name, A);
	send_message(fd, &m);
}

/* get - fill @n bytes while the loop runs; false at the end of the file or after @ms. */
static bool get(int fd, uint8_t *bytes, size_t n, unsigned ms)
{
	for (size_t got = 0; got < n;) {
		if (!run_until(fd, ms))
			return false;
		ssize_t r = recv(fd, bytes + got, n - got, MSG_DONTWAIT);
		if (r <= 0)
			return false;
		got += (size_t)r;
	}
	return true;
}

static bool get_message(int fd, struct message *m, unsigned ms)
{
	uint8_t length[2];
	if (!get(fd, length, 2, ms))
		return false;
	m->n = rd16(length);
	return get(fd, m->b, m->n, ms);
}

/* is_over - whether the name server has closed its end within @ms. */
static bool is_over(int fd, unsigned ms)
{
	char c;
	return run_until(fd, ms) && recv(fd, &c, 1, MSG_DONTWAIT) <= 0;
}

static int server_takes(struct server *s)
{
	assert_true(run_until(s->tcp, 1000));
	int fd = accept(s->tcp, NULL, NULL);
	assert_true(fd >= 0);
	assert_true(get_message(fd, &s->got, 1000));
	return fd;
}

static void a_long_answer_comes_over_tcp_and_teaches(void **state)
{
	(void)state;
	static struct message m, back;
	allow_add_domain(allow, "example.org", NULL);
	inside = connect_inside();
	ask_over(inside, 0x4242, "example.org");
	int fd = server_takes(&servers[0]);
	answer_start(&servers[0], &m, "example.org", A);
	m_address(&m, 1, "example.org", 60, "192.0.2.1");
	while (m.n < 60000)
		m_record(&m, 2, "example.org", TXT, 60, 0);
	for (size_t part = 1; part < 3; part++) { /* in pieces, as TCP may */
		uint8_t length[2];
		be16(length, (unsigned)m.n);
		if (part == 1)
			assert_int_equal(send(fd, length, 1, 0), 1);
		else
			assert_int_equal(send(fd, length + 1, 1, 0), 1);
		assert_false(run_until(inside, 20));
	}
	assert_int_equal(send(fd, m.b, 30000, 0), 30000);
	assert_false(run_until(inside, 20));
	assert_int_equal(send(fd, m.b + 30000, m.n - 30000, 0), m.n - 30000);
	assert_true(get_message(inside, &back, 1000));
	be16(m.b, 0x4242);
	assert_int_equal(back.n, m.n);
	assert_memory_equal(back.b, m.b, m.n);
	assert_int_equal(verdict("192.0.2.1"), ALLOW_PASS);
	assert_int_equal(stats.dns_queries, 1);
	close(fd);
}

static void queries_follow_each_other_and_answers_come_as_they_come(void **state)
{
	(void)state;
	static struct message m, back;
	allow_add_domain(allow, "*.example.org", NULL);
	inside = connect_inside();
	ask_over(inside, 1, "a.example.org");
	ask_over(inside, 2, "b.example.org");
	ask_over(inside, 3, "no.example.net");
	assert_true(get_message(inside, &back, 1000));
	assert_int_equal(rd16(back.b), 3);
	assert_int_equal(back.b[3] & 15, DNS_NXDOMAIN);
	int one = server_takes(&servers[0]);
	struct message first = servers[0].got;
	int two = server_takes(&servers[0]);
	bool swapped = first.b[13] == 'b';
	answer_start(&servers[0], &m, swapped ? "a.example.org" : "b.example.org", A);
	send_message(two, &m);
	assert_true(get_message(inside, &back, 1000));
	assert_int_equal(rd16(back.b), swapped ? 1 : 2);
	servers[0].got = first;
	answer_start(&servers[0], &m, swapped ? "b.example.org" : "a.example.org", A);
	send_message(one, &m);
	shutdown(inside, SHUT_WR); /* no more questions, but this answer */
	assert_true(get_message(inside, &back, 1000));
	assert_int_equal(rd16(back.b), swapped ? 2 : 1);
	assert_true(is_over(inside, 1000));
	close(one);
	close(two);
}

static void a_server_that_hangs_up_is_followed_by_the_next(void **state)
{
	(void)state;
	static struct message m, back;
	inside = connect_inside();
	ask_over(inside, 7, "example.org");
	close(server_takes(&servers[0]));
	int fd = server_takes(&servers[1]);
	answer_start(&servers[1], &m, "example.com", A); /* of another question: as good as none */
	send_message(fd, &m);
	assert_true(get_message(inside, &back, 1000));
	assert_int_equal(rd16(back.b), 7);
	assert_int_equal(back.b[3] & 15, DNS_SERVFAIL);
	close(fd);
}

static void nonsense_ends_the_connection(void **state)
{
	(void)state;
	static struct message m;
	inside = connect_inside();
	assert_int_equal(send(inside, "\xff\xff", 2, 0), 2); /* a query longer than any */
	assert_true(is_over(inside, 1000));
	close(inside);
	inside = connect_inside();
	assert_int_equal(send(inside, "\0\0", 2, 0), 2);
	assert_true(is_over(inside, 1000));
	close(inside);
	inside = connect_inside();
	m_start(&m, 1, ANSWER);
	m_question(&m, "example.org", A);
	send_message(inside, &m);
	assert_true(is_over(inside, 1000));
}

static void who_asks_without_reading_is_not_listened_to(void **state)
{
	(void)state;
	static struct message m;
	size_t written = 0;
	allow_add_domain(allow, "example.org", NULL);
	inside = connect_inside();
	fcntl(inside, F_SETFL, O_NONBLOCK);
	m_start(&m, 1, 0x0100);
	m_question(&m, "not.allowed.example.net", A);
	memmove(m.b + 2, m.b, m.n);
	be16(m.b, (unsigned)m.n);
	for (unsigned idle = 0; idle < 20;) {
		ssize_t n = send(inside, m.b + written % (m.n + 2), m.n + 2 - written % (m.n + 2), MSG_NOSIGNAL);
		if (n > 0)
			written += (size_t)n;
		idle = n > 0 ? 0 : idle + 1;
		if (n <= 0)
			run_until(-1, 5);
		assert_true(written < 16u << 20);
	}
	uint8_t bytes[4096]; /* and heard again when it reads */
	uint64_t before = stats.dns_queries;
	for (unsigned i = 0; i < 400; i++)
		if (run_until(inside, 10))
			assert_true(recv(inside, bytes, sizeof bytes, MSG_DONTWAIT) != 0);
	assert_true(stats.dns_queries > before);
}

static void one_connection_has_few_queries_on_their_way(void **state)
{
	(void)state;
	inside = connect_inside();
	for (unsigned i = 0; i < 30; i++)
		ask_over(inside, i, "example.org");
	run_until(-1, 100);
	assert_int_equal(stats.dns_queries, 8);
}

static void connections_are_bounded_and_the_next_waits(void **state)
{
	(void)state;
	static struct message back;
	int fds[20];
	dns_set_servers(dns, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = connect_inside();
	run_until(-1, 100);
	ask_over(fds[0], 5, "example.org");
	assert_true(get_message(fds[0], &back, 1000));
	ask_over(fds[16], 6, "example.org");
	assert_false(run_until(fds[16], 100));
	close(fds[0]);
	assert_true(get_message(fds[16], &back, 1000));
	assert_int_equal(rd16(back.b), 6);
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	run_until(-1, 50);
}

static void an_end_in_the_middle_leaves_nothing_behind(void **state)
{
	(void)state;
	inside = connect_inside();
	ask_over(inside, 1, "example.org");
	int fd = server_takes(&servers[0]);
	assert_int_equal(send(inside, "\0\40half a query", 14, 0), 14);
	close(inside);
	inside = -1;
	assert_true(is_over(fd, 500)); /* nobody waits for this answer any more */
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_long_answer_comes_over_tcp_and_teaches, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(
			queries_follow_each_other_and_answers_come_as_they_come, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(a_server_that_hangs_up_is_followed_by_the_next, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(nonsense_ends_the_connection, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(who_asks_without_reading_is_not_listened_to, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(one_connection_has_few_queries_on_their_way, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(connections_are_bounded_and_the_next_waits, setup_tcp, teardown),
		cmocka_unit_test_setup_teardown(an_end_in_the_middle_leaves_nothing_behind, setup_tcp, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
