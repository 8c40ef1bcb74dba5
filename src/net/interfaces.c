/* SPDX-License-Identifier: Apache-2.0 */

/* Interfaces of a new network namespace: all that is to be done goes to the kernel in one message, which answers each
 * part.  Sources: rtnetlink(7), netlink(7), Linux Documentation/networking/tuntap.rst. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/log.h"
#include "sbx/net.h"
#include "sbx/str.h"

#define LOOPBACK_INDEX 1 /* of every new network namespace */
#define TUN_PATH "/dev/net/tun"

/* Requests, one behind the other. */
struct batch {
	_Alignas(struct nlmsghdr) char bytes[1024];
	size_t len;
	struct nlmsghdr *last;
	unsigned n;
	const char *what[8]; /* each is about, for messages; by sequence number */
};

static void *batch_room(struct batch *b, size_t n)
{
	char *at = b->bytes + b->len;
	b->len += NLMSG_ALIGN(n);
	return at;
}

/* add_request - begin one.  Returns its fixed part, of @size bytes. */
static void *add_request(struct batch *b, uint16_t type, uint16_t flags, size_t size, const char *what)
{
	b->last = batch_room(b, sizeof *b->last);
	*b->last = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
		.nlmsg_seq = b->n};
	b->what[b->n++] = what;
	void *body = batch_room(b, size);
	memset(body, 0, NLMSG_ALIGN(size));
	return body;
}

static void add_attribute(struct batch *b, uint16_t type, const void *value, size_t n)
{
	struct rtattr *attribute = batch_room(b, RTA_LENGTH(n));
	*attribute = (struct rtattr){.rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = type};
	memcpy(RTA_DATA(attribute), value, n);
	b->last->nlmsg_len = (uint32_t)(b->bytes + b->len - (char *)b->last);
}

static void add_up(struct batch *b, int index, const char *what)
{
	struct ifinfomsg *info = add_request(b, RTM_NEWLINK, 0, sizeof *info, what);
	info->ifi_index = index;
	info->ifi_flags = info->ifi_change = IFF_UP;
}

/* add_quiet - no link-local address: with it would come router solicitations, and a helper that never sleeps. */
static void add_quiet(struct batch *b, int index)
{
	struct {
		struct rtattr family;
		struct rtattr mode;
		uint8_t value, pad[3];
	} inet6 = {{sizeof inet6, AF_INET6}, {RTA_LENGTH(1), IFLA_INET6_ADDR_GEN_MODE}, IN6_ADDR_GEN_MODE_NONE, {0}};
	struct ifinfomsg *info = add_request(b, RTM_NEWLINK, 0, sizeof *info, "set IPv6 of " NET_TAP_NAME);
	info->ifi_index = index;
	add_attribute(b, IFLA_AF_SPEC, &inet6, sizeof inet6);
}

static void add_address(struct batch *b, int index, int family, const char *address, uint8_t prefix_bits)
{
	uint8_t bytes[16];
	size_t n = family == AF_INET ? 4 : 16;
	inet_pton(family, address, bytes);
	struct ifaddrmsg *info = add_request(
		b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *info, "give " NET_TAP_NAME " its address");
	*info = (struct ifaddrmsg){.ifa_family = (uint8_t)family,
		.ifa_prefixlen = prefix_bits,
		.ifa_flags = IFA_F_PERMANENT | (family == AF_INET6 ? IFA_F_NODAD : 0),
		.ifa_index = (uint32_t)index};
	add_attribute(b, IFA_LOCAL, bytes, n);
	add_attribute(b, IFA_ADDRESS, bytes, n);
}

/* add_default_route - the gateway is taken to be on the wire (ONLINK).  The address has no network around it, so that
 * what is near is asked for there as well, and refused at once: nobody would answer who has it. */
static void add_default_route(struct batch *b, int index, int family, const char *gateway)
{
	uint8_t bytes[16];
	inet_pton(family, gateway, bytes);
	struct rtmsg *info =
		add_request(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof *info, "make the default route");
	*info = (struct rtmsg){.rtm_family = (uint8_t)family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_flags = RTNH_F_ONLINK,
		.rtm_type = RTN_UNICAST};
	add_attribute(b, RTA_GATEWAY, bytes, family == AF_INET ? 4 : 16);
	add_attribute(b, RTA_OIF, &index, sizeof index);
}

/* batch_answers - the kernel's answer to each request of @b, in their order. */
static int batch_answers(const struct batch *b, int fd, struct sbx_err *err)
{
	_Alignas(struct nlmsghdr) char bytes[4096];
	for (unsigned answered = 0; answered < b->n;) {
		ssize_t n = recv(fd, bytes, sizeof bytes, 0);
		if (n <= 0)
			return sbx_fail(err, n < 0 ? -errno : -EPIPE, "hear from the kernel about the network");
		size_t left = (size_t)n;
		for (struct nlmsghdr *m = (struct nlmsghdr *)(void *)bytes; NLMSG_OK(m, left);
			m = NLMSG_NEXT(m, left)) {
			const struct nlmsgerr *answer = NLMSG_DATA(m);
			if (m->nlmsg_type != NLMSG_ERROR)
				continue;
			answered++;
			if (answer->error < 0)
				return sbx_fail(err, answer->error, "%s",
					m->nlmsg_seq < b->n ? b->what[m->nlmsg_seq] : "set up the network");
		}
	}
	return 0;
}

static int batch_send(const struct batch *b, struct sbx_err *err)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || send(fd, b->bytes, b->len, 0) != (ssize_t)b->len)
		return sbx_fail(err, -errno, "talk to the kernel about the network");
	return batch_answers(b, fd, err);
}

int net_up_loopback(struct sbx_err *err)
{
	struct batch b = {0};
	add_up(&b, LOOPBACK_INDEX, "bring up the loopback interface");
	return batch_send(&b, err);
}

static int tap_open(int *ret_index, struct sbx_err *err)
{
	struct ifreq request = {.ifr_name = NET_TAP_NAME, .ifr_flags = IFF_TAP | IFF_NO_PI};
	_cleanup_close_ int fd = open(TUN_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return sbx_fail_plain(err, -errno,
			TUN_PATH
			" is missing, and Network=slirp needs it: as root, modprobe tun; or use Network=none or host");
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return sbx_fail_plain(err, -errno,
			TUN_PATH " is closed to you, and Network=slirp needs it: as root, chmod 666 " TUN_PATH
				 "; or use Network=none or host");
	if (fd < 0)
		return sbx_fail(err, -errno, "open " TUN_PATH);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return sbx_fail(err, -errno, "make the interface " NET_TAP_NAME " (" TUN_PATH ")");
	*ret_index = (int)if_nametoindex(NET_TAP_NAME);
	return *ret_index > 0 ? steal_fd(&fd) : sbx_fail(err, -errno, "find the interface " NET_TAP_NAME);
}

int net_up_tap(bool ipv6, struct sbx_err *err)
{
	struct batch b = {0};
	int index = 0;
	uint32_t mtu = NET_MTU;
	_cleanup_close_ int fd = tap_open(&index, err);
	if (fd < 0)
		return fd;
	add_up(&b, LOOPBACK_INDEX, "bring up the loopback interface");
	if (net_has_ipv6())
		add_quiet(&b, index);
	add_up(&b, index, "bring up " NET_TAP_NAME);
	add_attribute(&b, IFLA_MTU, &mtu, sizeof mtu);
	add_address(&b, index, AF_INET, NET_GUEST4, 32);
	add_default_route(&b, index, AF_INET, NET_HOST4);
	if (ipv6) {
		add_address(&b, index, AF_INET6, NET_GUEST6, 128);
		add_default_route(&b, index, AF_INET6, NET_HOST6);
	}
	int r = batch_send(&b, err);
	return r < 0 ? r : steal_fd(&fd);
}

void net_allow_ping(uint32_t first, uint32_t last)
{
	char range[32];
	_cleanup_close_ int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
	int n = snprintf(range, sizeof range, "%u %u\n", first, last);
	if (fd < 0 || write(fd, range, (size_t)n) < 0)
		log_debug("ping without a capability: %m");
}

bool net_has_ipv6(void)
{
	return access("/proc/net/if_inet6", F_OK) == 0;
}
