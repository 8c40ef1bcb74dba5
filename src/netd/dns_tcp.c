/* SPDX-License-Identifier: Apache-2.0 */

/* Connections from inside to the name server.  Queries may follow each other without waiting (RFC 7766, 6.2.1.1) and
 * are answered as the answers come; each goes to the servers over a connection of its own. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sbx/str.h"
#include "dns_forward.h"

#define IDLE_MS 10000 /* RFC 7766, 6.2.3: "in the order of a few seconds" */
#define ACCEPT_AGAIN_MS 1000
#define QUEUE_MAX_BYTES 0x10000u /* no more queries are read while so much waits to be taken */

struct dns_conn {
	struct dns *dns;
	struct dns_conn *next;
	struct loop_watch watch;
	struct loop_timer timer;
	uint8_t in[2 + DNS_QUERY_MAX];
	size_t n_in;
	uint8_t *out;
	size_t n_out, sent;
	unsigned asks; /* queries not yet answered */
	bool ended;    /* no more queries come */
};

static void conn_free(struct dns_conn *conn)
{
	struct dns *dns = conn->dns;
	struct dns_conn **link = &dns->conns;

	while (*link != conn)
		link = &(*link)->next;
	*link = conn->next;
	dns->n_conns--;
	dns_drop_asks(dns, conn);
	loop_remove(dns->options.loop, &conn->watch);
	loop_remove_timer(dns->options.loop, &conn->timer);
	close(conn->watch.fd);
	free(conn->out);
	free(conn);
	dns->listener.events = POLLIN;
}

static bool takes_more(const struct dns_conn *conn)
{
	return conn->asks < DNS_CONN_ASKS_MAX && conn->n_out - conn->sent < QUEUE_MAX_BYTES;
}

static void set_events(struct dns_conn *conn)
{
	conn->watch.events =
		(short)((!conn->ended && takes_more(conn) ? POLLIN : 0) | (conn->sent < conn->n_out ? POLLOUT : 0));
}

void dns_conn_reply(struct dns_conn *conn, const uint8_t *msg, size_t n)
{
	if (conn->sent > 0) {
		memmove(conn->out, conn->out + conn->sent, conn->n_out - conn->sent);
		conn->n_out -= conn->sent;
		conn->sent = 0;
	}
	conn->out = xrealloc(conn->out, conn->n_out + 2 + n, 1);
	put16(conn->out + conn->n_out, n);
	memcpy(conn->out + conn->n_out + 2, msg, n);
	conn->n_out += 2 + n;
	conn->asks--;
	conn->timer.due_ms = loop_now_ms() + IDLE_MS;
	set_events(conn);
}

/* take_queries - those that are there wholly.  Returns 0, -EBADMSG. */
static int take_queries(struct dns_conn *conn)
{
	while (conn->n_in >= 2 && takes_more(conn)) {
		size_t n = get16(conn->in);
		if (n > DNS_QUERY_MAX)
			return -EBADMSG;
		if (conn->n_in < 2 + n)
			break;
		conn->asks++;
		conn->timer.due_ms = loop_now_ms() + IDLE_MS;
		if (!dns_take(conn->dns, conn->in + 2, n, conn, NULL, NULL))
			return -EBADMSG;
		conn->n_in -= 2 + n;
		memmove(conn->in, conn->in + 2 + n, conn->n_in);
	}
	return 0;
}

static int read_queries(struct dns_conn *conn)
{
	ssize_t n = recv(conn->watch.fd, conn->in + conn->n_in, sizeof conn->in - conn->n_in, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	conn->ended = n == 0;
	conn->n_in += (size_t)n;
	return 0;
}

static int write_answers(struct dns_conn *conn)
{
	ssize_t n = send(conn->watch.fd, conn->out + conn->sent, conn->n_out - conn->sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	conn->sent += (size_t)n;
	return 0;
}

/* go_on - what the connection is ready for.  Returns 0; negative: it is over. */
static int go_on(struct dns_conn *conn, short revents)
{
	/* Both directions are closed: nobody takes an answer.  (Half closed, it still does.) */
	int r = revents & POLLHUP ? -EPIPE : 0;
	if (r == 0 && conn->sent < conn->n_out)
		r = write_answers(conn);
	if (r == 0)
		r = take_queries(conn);
	if (r == 0 && (revents & POLLIN) && !conn->ended && conn->n_in < sizeof conn->in)
		r = read_queries(conn);
	if (r == 0)
		r = take_queries(conn);
	if (r == 0 && conn->ended && conn->asks == 0 && conn->sent == conn->n_out)
		r = -EPIPE;
	return r;
}

static void conn_ready(void *data, short revents)
{
	struct dns_conn *conn = data;
	if (go_on(conn, revents) < 0)
		conn_free(conn);
	else
		set_events(conn);
}

static void conn_due(void *data)
{
	conn_free(data);
}

static void conn_new(struct dns *dns, int fd)
{
	struct dns_conn *conn = xcalloc(1, sizeof *conn);

	conn->dns = dns;
	conn->watch = (struct loop_watch){.fd = fd, .events = POLLIN, .ready = conn_ready, .data = conn};
	conn->timer = (struct loop_timer){.due_ms = loop_now_ms() + IDLE_MS, .due = conn_due, .data = conn};
	conn->next = dns->conns;
	dns->conns = conn;
	if (++dns->n_conns == DNS_CONNS_MAX)
		dns->listener.events = 0;
	loop_add(dns->options.loop, &conn->watch);
	loop_add_timer(dns->options.loop, &conn->timer);
}

/* Without a descriptor to spare (libslirp's connections may have taken them all) the queue stays readable: poll would
 * not wait. */
static void listener_ready(void *data, short revents)
{
	struct dns *dns = data;
	(void)revents;
	int fd = accept4(dns->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		conn_new(dns, fd);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		dns->listener.events = 0;
		dns->listener_again.due_ms = loop_now_ms() + ACCEPT_AGAIN_MS;
	}
}

static void listener_due(void *data)
{
	struct dns *dns = data;
	dns->listener_again.due_ms = 0;
	dns->listener.events = dns->n_conns < DNS_CONNS_MAX ? POLLIN : 0;
}

void dns_listen(struct dns *dns, int listen_fd)
{
	dns->listener = (struct loop_watch){.fd = listen_fd, .events = POLLIN, .ready = listener_ready, .data = dns};
	dns->listener_again = (struct loop_timer){.due = listener_due, .data = dns};
	loop_add(dns->options.loop, &dns->listener);
	loop_add_timer(dns->options.loop, &dns->listener_again);
}

void dns_conns_free(struct dns *dns)
{
	while (dns->conns)
		conn_free(dns->conns);
	if (dns->listener.fd < 0)
		return;
	loop_remove(dns->options.loop, &dns->listener);
	loop_remove_timer(dns->options.loop, &dns->listener_again);
	close(dns->listener.fd);
	dns->listener.fd = -1;
}
