/* SPDX-License-Identifier: Apache-2.0 */

/* libslirp's side.  Source: libslirp.h of 4.7; its src/socket.c (sotranslate_out) for what an address of the virtual
 * network leads to. */

#include "stack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "sbx/cleanup.h"
#include "sbx/nethelper.h"
#include "sbx/str.h"

/* Addresses that libslirp wants to have and nobody uses: our name server has its own. */
#define UNUSED4 "10.213.7.254"
#define UNUSED6 "fd73:6278:6e65:7400::fe"
#define DNS_PORT 53

struct stack {
	Slirp *slirp;
	void (*send_frame)(void *data, const uint8_t *frame, size_t n);
	void *data;
	struct loop *loop; /* while its descriptors are asked for and told of */
	size_t n_open;     /* sockets of connections and flows */
	bool slept;        /* libslirp's clock may have stood still for long */
};

static ssize_t send_packet(const void *bytes, size_t n, void *opaque)
{
	struct stack *stack = opaque;
	stack->send_frame(stack->data, bytes, n);
	return (ssize_t)n;
}

/* A hostile sandbox would fill a log with these. */
static void guest_error(const char *message, void *opaque)
{
	(void)message;
	(void)opaque;
}

static int64_t clock_get_ns(void *opaque)
{
	struct timespec t;
	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The one timer of libslirp announces its router.  The sandbox's interface is configured without asking, so the timer
 * never runs, and an idle helper sleeps. */
static void *timer_new(SlirpTimerCb callback, void *callback_opaque, void *opaque)
{
	(void)callback;
	(void)callback_opaque;
	return opaque;
}

static void timer_free(void *timer, void *opaque)
{
	(void)timer;
	(void)opaque;
}

static void timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
	(void)timer;
	(void)expire_ms;
	(void)opaque;
}

/* Each socket of a connection or flow is told of when it is opened, and before it is closed; those that listen for
 * published ports are not. */
static void opened(int fd, void *opaque)
{
	struct stack *stack = opaque;
	stack->n_open += fd >= 0;
}

static void closing(int fd, void *opaque)
{
	struct stack *stack = opaque;
	stack->n_open -= fd >= 0;
}

static void notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_get_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = opened,
	.unregister_poll_fd = closing,
	.notify = notify,
};

static struct in_addr addr4(const char *text)
{
	struct in_addr addr;
	inet_pton(AF_INET, text, &addr);
	return addr;
}

static struct in6_addr addr6(const char *text)
{
	struct in6_addr addr;
	inet_pton(AF_INET6, text, &addr);
	return addr;
}

static Slirp *slirp_make(struct stack *stack, const struct netd_options *options)
{
	const SlirpConfig config = {
		.version = 4,
		.in_enabled = true,
		.vnetwork = addr4(NET_PREFIX4),
		.vnetmask = {htonl(~UINT32_C(0) << (32 - NET_PREFIX4_BITS))},
		.vhost = addr4(NET_HOST4),
		.vdhcp_start = addr4(NET_GUEST4),
		.vnameserver = addr4(UNUSED4),
		.in6_enabled = options->ipv6,
		.vprefix_addr6 = addr6(NET_PREFIX6),
		.vprefix_len = NET_PREFIX6_BITS,
		.vhost6 = addr6(NET_HOST6),
		.vnameserver6 = addr6(UNUSED6),
		.if_mtu = NET_MTU,
		.if_mru = NET_MTU,
		/* The gate refuses all addresses that lead there, but for the ports of HostPort=, and answers to
		 * datagrams that came from there to a published port.  Without any of these libslirp refuses as
		 * well. */
		.disable_host_loopback = !options->host_ports && !options->publishes_udp,
		.disable_dns = true,
		.disable_dhcp = true,
	};
	return slirp_new(&config, &callbacks, stack);
}

/* sockaddr_fill - @addr and @port as the kernel has them.  Returns the length. */
static socklen_t sockaddr_fill(const struct net_addr *addr, uint16_t port, struct sockaddr_storage *ret)
{
	if (net_addr_is4(addr)) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
		memcpy(&in.sin_addr, addr->bytes + 12, 4);
		memcpy(ret, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memcpy(&in6.sin6_addr, addr->bytes, 16);
	memcpy(ret, &in6, sizeof in6);
	return sizeof in6;
}

static int publish(struct stack *stack, const struct publish_option *p, struct sbx_err *err)
{
	struct sockaddr_storage host = {0}, guest = {0};
	struct net_addr inside;
	char text[NET_ADDR_TEXT_MAX];
	bool is4 = net_addr_is4(&p->host_addr);
	socklen_t host_len = sockaddr_fill(&p->host_addr, p->host_port, &host);
	net_addr_parse(is4 ? NET_GUEST4 : NET_GUEST6, &inside);
	socklen_t guest_len = sockaddr_fill(&inside, p->port, &guest);
	int flags = (p->udp ? SLIRP_HOSTFWD_UDP : 0) | (is4 ? 0 : SLIRP_HOSTFWD_V6ONLY);
	errno = 0;
	if (slirp_add_hostxfwd(stack->slirp, (const struct sockaddr *)&host, host_len, (const struct sockaddr *)&guest,
		    guest_len, flags) == 0)
		return 0;
	int code = errno ? -errno : -EADDRINUSE;
	net_addr_text(&p->host_addr, text);
	return sbx_fail(
		err, code, is4 ? "publish %s:%u/%s" : "publish [%s]:%u/%s", text, p->host_port, p->udp ? "udp" : "tcp");
}

/* listen_longer - libslirp lets one connection wait to be taken (tcpx_listen), and the next a second or more. */
static int listen_longer(int fd, int events, void *opaque)
{
	(void)events;
	(void)opaque;
	listen(fd, SOMAXCONN);
	return -1;
}

int stack_new(const struct stack_options *options, struct stack **ret, struct sbx_err *err)
{
	struct stack *stack = xcalloc(1, sizeof *stack);
	struct in_addr dns = addr4(NET_DNS4);
	*stack = (struct stack){.send_frame = options->send_frame, .data = options->data};
	stack->slirp = slirp_make(stack, options->options);
	int r = 0;
	if (!stack->slirp || slirp_add_unix(stack->slirp, STACK_DNS_SOCKET, &dns, DNS_PORT) < 0)
		r = sbx_fail_plain(
			err, -EINVAL, "libslirp %s does not take the addresses of the network", slirp_version_string());
	for (size_t i = 0; r == 0 && i < options->options->n_publish; i++)
		r = publish(stack, &options->options->publish[i], err);
	if (r < 0) {
		stack_free(stack);
		return r;
	}
	uint32_t timeout_ms = 0;
	slirp_pollfds_fill(stack->slirp, &timeout_ms, listen_longer, stack);
	*ret = stack;
	return 0;
}

void stack_free(struct stack *stack)
{
	if (stack && stack->slirp)
		slirp_cleanup(stack->slirp);
	free(stack);
}

static int get_nothing(int index, void *opaque)
{
	(void)index;
	(void)opaque;
	return 0;
}

/* time_passes - libslirp reads the clock in slirp_pollfds_poll alone: a flow begun by the first frame after a night's
 * sleep would have ended before its answer. */
static void time_passes(struct stack *stack)
{
	stack->slept = false;
	slirp_pollfds_poll(stack->slirp, true, get_nothing, stack);
}

void stack_input(struct stack *stack, const uint8_t *frame, size_t n)
{
	if (stack->slept)
		time_passes(stack);
	slirp_input(stack->slirp, frame, (int)n);
}

/* The events by both names. */
static const struct {
	int slirp;
	short poll;
} events[] = {
	{SLIRP_POLL_IN, POLLIN},
	{SLIRP_POLL_OUT, POLLOUT},
	{SLIRP_POLL_PRI, POLLPRI},
	{SLIRP_POLL_ERR, POLLERR},
	{SLIRP_POLL_HUP, POLLHUP},
};

static int add_poll(int fd, int wanted, void *opaque)
{
	struct stack *stack = opaque;
	short mask = 0;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (wanted & events[i].slirp)
			mask = (short)(mask | events[i].poll);
	return loop_guest_add(stack->loop, fd, mask);
}

static int get_revents(int index, void *opaque)
{
	const struct stack *stack = opaque;
	short got = loop_guest_revents(stack->loop, index);
	int mask = 0;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (got & events[i].poll)
			mask |= events[i].slirp;
	return mask;
}

static void fill(void *data, struct loop *loop, int *timeout_ms)
{
	struct stack *stack = data;
	uint32_t timeout = *timeout_ms < 0 ? UINT32_MAX : (uint32_t)*timeout_ms;
	stack->loop = loop;
	slirp_pollfds_fill(stack->slirp, &timeout, add_poll, stack);
	/* Never more than a second, and less for a socket that only listens (slirp_update_timeout); but where there is
	 * no connection there is nothing to time. */
	stack->slept = stack->n_open == 0;
	if (stack->n_open > 0)
		*timeout_ms = (int)timeout;
}

static void polled(void *data, struct loop *loop, bool failed)
{
	struct stack *stack = data;
	stack->loop = loop;
	stack->slept = false;
	slirp_pollfds_poll(stack->slirp, failed, get_revents, stack);
}

struct loop_guest stack_guest(struct stack *stack)
{
	return (struct loop_guest){fill, polled, stack};
}
