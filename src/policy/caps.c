/* SPDX-License-Identifier: Apache-2.0 */

/* Capabilities as masks, and taking them away.  Raw capset(2): the sets of this thread are two structs of three words,
 * and what runs between clone and exec shall not allocate, as libcap does. */

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sbx/cleanup.h"
#include "sbx/policy.h"
#include "sbx/str.h"

#define BIT(cap) (UINT64_C(1) << (cap))
#define CAPS_WIDTH 64 /* bits of the kernel's sets */

/* The names stand at their numbers.  Source: linux/capability.h. */
static const char *const names[] = {"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID",
	"SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK",
	"IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT",
	"SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
	"SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
	"CHECKPOINT_RESTORE"};
_Static_assert(ARRAY_SIZE(names) == CAP_CHECKPOINT_RESTORE + 1, "a name for each capability");

int cap_parse(const char *name, int *ret)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(names[i], name) == 0) {
			*ret = (int)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *cap_name(int cap)
{
	return cap >= 0 && (size_t)cap < ARRAY_SIZE(names) ? names[cap] : "?";
}

uint64_t caps_all(void)
{
	uint64_t caps = 0;

	/* The bounding set answers for every capability that the kernel knows and EINVAL beyond, without /proc. */
	for (int cap = 0; cap < CAPS_WIDTH && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		caps |= BIT(cap);
	return caps;
}

uint64_t caps_default_subuid(void)
{
	return BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) |
	       BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SETFCAP) | BIT(CAP_SETGID) | BIT(CAP_SETPCAP) | BIT(CAP_SETUID) |
	       BIT(CAP_SYS_CHROOT);
}

char *caps_text(uint64_t caps)
{
	_cleanup_strbuf_ struct strbuf text = {0};

	for (int cap = 0; cap < CAPS_WIDTH; cap++) {
		if (!(caps & BIT(cap)))
			continue;
		if (text.len > 0)
			strbuf_addc(&text, ' ');
		if ((size_t)cap < ARRAY_SIZE(names))
			strbuf_add(&text, names[cap]);
		else
			strbuf_addf(&text, "%d", cap); /* newer than this table */
	}
	if (text.len == 0)
		strbuf_add(&text, "none");
	return strbuf_steal(&text);
}

int caps_drop_bounding(uint64_t bounding, struct sbx_err *err)
{
	for (int cap = 0; cap < CAPS_WIDTH; cap++) {
		if (bounding & BIT(cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			break; /* the first that this kernel does not know */
		int code = -errno;
		/* Without CAP_SETPCAP nothing can be dropped, which is fine as long as nothing need be; and then EPERM
		 * is said of unknown ones, too. */
		int held = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (held < 0)
			break;
		if (held > 0)
			return sbx_fail(err, code, "drop the capability %s from the bounding set", cap_name(cap));
	}
	return 0;
}

int caps_set(uint64_t permitted, struct sbx_err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	memset(data, 0, sizeof data);
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		data[i].effective = data[i].permitted = (uint32_t)(permitted >> (32 * i));
	/* EINVAL: a kernel before 4.3, which has no ambient set to clear. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return sbx_fail(err, -errno, "clear the ambient capabilities");
	if (syscall(SYS_capset, &header, data) < 0)
		return sbx_fail(err, -errno, "set the capabilities");
	return 0;
}
