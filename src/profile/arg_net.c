/* SPDX-License-Identifier: Apache-2.0 */

/* Words of [Network]. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "sbx/cleanup.h"
#include "sbx/parse.h"
#include "sbx/profile.h"
#include "sbx/str.h"

/* port_range - PORT[-PORT]. */
static bool port_range(char *text, uint16_t *ret_first, uint16_t *ret_last)
{
	uint64_t first, last;
	const char *lower = strsep(&text, "-");

	if (parse_u64(lower, UINT16_MAX, &first) < 0 || first == 0)
		return false;
	last = first;
	if (text && (parse_u64(text, UINT16_MAX, &last) < 0 || last < first))
		return false;
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return true;
}

/* take_address - IP: or [IP]: off the front of *rest, where it is there. */
static bool take_address(char **rest, char ret[static 46])
{
	unsigned char bytes[16];
	char *address = *rest, *end;
	int family = AF_INET;

	snprintf(ret, 46, "127.0.0.1");
	if (address[0] == '[') {
		end = strchr(++address, ']');
		if (!end || end[1] != ':')
			return false;
		*end++ = '\0';
		family = AF_INET6;
	} else if (strchr(address, ':') != strrchr(address, ':')) {
		end = strchr(address, ':');
	} else {
		return true;
	}
	*end = '\0';
	*rest = end + 1;
	return inet_pton(family, address, bytes) == 1 && inet_ntop(family, bytes, ret, 46);
}

int publish_arg_parse(const char *word, struct publish_arg *ret, struct sbx_err *err)
{
	_cleanup_free_ char *copy = xstrdup(word);
	char *protocol = copy, *rest = strsep(&protocol, "/");
	uint16_t host_last = 0;

	*ret = (struct publish_arg){.udp = str_eq(protocol, "udp")};
	bool good = (!protocol || ret->udp || str_eq(protocol, "tcp")) && take_address(&rest, ret->address);
	char *inside = rest, *outside = good ? strsep(&inside, ":") : NULL;
	good = good && port_range(outside, &ret->host_first, &host_last);
	ret->first = ret->host_first;
	ret->last = host_last;
	bool outside_is_range = good && host_last != ret->host_first;
	good = good && (!inside || port_range(inside, &ret->first, &ret->last));
	/* Two ranges are of one length; a single port on the host is where a range begins. */
	if (good && outside_is_range && host_last - ret->host_first != ret->last - ret->first)
		return sbx_fail_plain(err, -EINVAL, "two ranges of different length");
	if (good && ret->last - ret->first > UINT16_MAX - ret->host_first)
		return sbx_fail_plain(err, -EINVAL, "a range beyond port 65535");
	if (!good)
		return sbx_fail_plain(
			err, -EINVAL, "no port to publish; expected [[IP:]HOSTPORT:]PORT[-PORT][/tcp|udp]");
	return 0;
}
