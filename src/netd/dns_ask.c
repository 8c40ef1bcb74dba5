/* SPDX-License-Identifier: Apache-2.0 */

/* Asking the servers, one after the other: a socket of its own for each attempt, hence a port of the kernel's choice,
 * and an id drawn for it, so that nobody off the path can answer (RFC 5452).  Over UDP as over TCP as it came. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/str.h"
#include "dns_forward.h"

/* In all less than the five seconds after which a resolver asks again by itself (resolv.conf(5)), so that it is told
 * and need not guess. */
static const struct {
	unsigned attempts, wait_ms;
} patience[] = {
	[false] = {3, 1500}, /* UDP */
	[true] = {2, 2300},  /* TCP */
};

static void end_attempt(struct dns_ask *ask)
{
	if (ask->watch.fd < 0)
		return;
	loop_remove(ask->dns->options.loop, &ask->watch);
	loop_remove_timer(ask->dns->options.loop, &ask->timer);
	close(ask->watch.fd);
	ask->watch.fd = -1;
	free(ask->in);
	ask->in = NULL;
	ask->n_in = ask->sent = 0;
}

void dns_ask_free(struct dns_ask *ask)
{
	end_attempt(ask);
	free(ask);
}

static socklen_t socket_address(const struct net_server *server, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof *ret);
	if (memcmp(server->addr.bytes, packet_mapped, sizeof packet_mapped) == 0) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(server->port);
		memcpy(&in4->sin_addr, server->addr.bytes + sizeof packet_mapped, 4);
		return sizeof *in4;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(server->port);
	in6->sin6_scope_id = server->scope_id;
	memcpy(&in6->sin6_addr, server->addr.bytes, 16);
	return sizeof *in6;
}

/* read_datagram - connected, so that only the server's own datagrams come.  What is no answer to the query is left
 * aside: the true one may still come. */
static void read_datagram(struct dns_ask *ask)
{
	struct dns *dns = ask->dns;
	ssize_t n = recv(ask->watch.fd, dns->message, sizeof dns->message, 0);

	if (n >= 0)
		dns_answered(ask, dns->message, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		dns_ask_next(ask);
}

/* Returns 1 when the query is sent wholly, 0, -errno. */
static int write_stream(struct dns_ask *ask)
{
	ssize_t n = send(ask->watch.fd, ask->out + ask->sent, ask->n_out - ask->sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	ask->sent += (size_t)n;
	return ask->sent == ask->n_out;
}

/* Returns 1 when the answer is read wholly, 0, -errno. */
static int read_stream(struct dns_ask *ask)
{
	if (!ask->in)
		ask->in = xmalloc(2 + DNS_MESSAGE_MAX);
	size_t size = ask->n_in < 2 ? 2 : 2 + (size_t)get16(ask->in);
	ssize_t n = recv(ask->watch.fd, ask->in + ask->n_in, size - ask->n_in, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	ask->n_in += (size_t)n;
	return ask->n_in > 2 && ask->n_in == 2 + (size_t)get16(ask->in);
}

static void stream_ready(struct dns_ask *ask)
{
	int r;
	if (ask->watch.events == POLLOUT) {
		r = write_stream(ask);
		if (r > 0)
			ask->watch.events = POLLIN;
	} else {
		r = read_stream(ask);
		if (r > 0 && dns_answered(ask, ask->in + 2, ask->n_in - 2))
			return;
		if (r > 0)
			r = -EBADMSG;
	}
	if (r < 0)
		dns_ask_next(ask);
}

static void ask_ready(void *data, short revents)
{
	struct dns_ask *ask = data;
	(void)revents; /* errors come from the calls */
	if (ask->conn)
		stream_ready(ask);
	else
		read_datagram(ask);
}

static void ask_due(void *data)
{
	dns_ask_next(data);
}

static int begin_attempt(struct dns_ask *ask, const struct net_server *server)
{
	bool stream = ask->conn != NULL;
	struct sockaddr_storage to;
	socklen_t to_len = socket_address(server, &to);
	_cleanup_close_ int fd =
		socket(to.ss_family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || getrandom(&ask->id, sizeof ask->id, 0) != sizeof ask->id)
		return -errno;
	if (connect(fd, (struct sockaddr *)&to, to_len) < 0 && errno != EINPROGRESS)
		return -errno;
	ask->n_out = 2 + dns_query_make(&ask->query, ask->id, ask->out + 2);
	put16(ask->out, ask->n_out - 2);
	if (!stream && send(fd, ask->out + 2, ask->n_out - 2, MSG_NOSIGNAL) < 0)
		return -errno;
	ask->watch = (struct loop_watch){
		.fd = steal_fd(&fd), .events = stream ? POLLOUT : POLLIN, .ready = ask_ready, .data = ask};
	ask->timer =
		(struct loop_timer){.due_ms = loop_now_ms() + patience[stream].wait_ms, .due = ask_due, .data = ask};
	loop_add(ask->dns->options.loop, &ask->watch);
	loop_add_timer(ask->dns->options.loop, &ask->timer);
	return 0;
}

void dns_ask_next(struct dns_ask *ask)
{
	struct dns *dns = ask->dns;

	end_attempt(ask);
	while (dns->n_servers > 0 && ask->attempt < patience[ask->conn != NULL].attempts)
		if (begin_attempt(ask, &dns->servers[ask->attempt++ % dns->n_servers]) == 0)
			return;
	dns_failed(ask);
}
