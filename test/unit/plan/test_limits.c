/* SPDX-License-Identifier: Apache-2.0 */

/* [Limits] and [Network] as the plan makes them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>
#include "plan_fixture.h"

/* text_of - what is written to the cgroup's @file; NULL: nothing. */
static const char *text_of(const struct sandbox_spec *spec, const char *file)
{
	for (size_t i = 0; i < spec->cgroup.n; i++)
		if (strcmp(spec->cgroup.lines[i].file, file) == 0)
			return spec->cgroup.lines[i].text;
	return NULL;
}

static void without_a_limit_there_is_no_cgroup(void **state)
{
	assert_int_equal(planned(*state, IMAGE)->cgroup.n, 0);
	assert_int_equal(planned(*state, IMAGE "[Limits]\nLimitNOFILE=100\nShmSize=1M\nMemoryMax=\n")->cgroup.n, 0);
}

static void each_limit_is_a_line_for_its_file(void **state)
{
	const struct sandbox_spec *spec = planned(*state, IMAGE
		"[Limits]\nMemoryMax=64M\nMemoryHigh=32M\nMemorySwapMax=0\nCPUQuota=50%\nCPUWeight=200\nIOWeight=50\n"
		"AllowedCPUs=0\nTasksMax=20\n");
	assert_string_equal(text_of(spec, "memory.max"), "67108864");
	assert_string_equal(text_of(spec, "memory.high"), "33554432");
	assert_string_equal(text_of(spec, "memory.swap.max"), "0");
	assert_string_equal(text_of(spec, "memory.oom.group"), "1");
	assert_string_equal(text_of(spec, "cpu.max"), "50000 100000");
	assert_string_equal(text_of(spec, "cpu.weight"), "200");
	assert_string_equal(text_of(spec, "io.weight"), "default 50");
	assert_string_equal(text_of(spec, "cpuset.cpus"), "0");
	assert_string_equal(text_of(spec, "pids.max"), "20");
	assert_string_equal(spec->cgroup.memory_max, "64M");
	assert_false(spec->cgroup.try_only);
	assert_string_equal(spec->cgroup.lines[0].key, "MemoryMax");
	assert_non_null(strstr(spec->cgroup.lines[0].origin, "t.ini:6"));
}

static void a_number_of_processors_is_a_quota_and_none_is_below_the_kernels_least(void **state)
{
	assert_string_equal(text_of(planned(*state, IMAGE "[Limits]\nCPUs=0.5\n"), "cpu.max"), "50000 100000");
	assert_string_equal(text_of(planned(*state, IMAGE "[Limits]\nCPUQuota=0.1%\n"), "cpu.max"), "1000 100000");
}

static void enforce_try_is_kept(void **state)
{
	assert_true(planned(*state, IMAGE "[Limits]\nTasksMax=5\nEnforce=try\n")->cgroup.try_only);
}

static void a_disk_that_is_none_is_told_with_its_line(void **state)
{
	struct fixture *f = *state;
	assert_true(plan_text(f, IMAGE "[Limits]\nIOReadBandwidthMax=/proc 1M\n") < 0);
	assert_non_null(strstr(f->err.msg, "t.ini:6: [Limits] IOReadBandwidthMax"));
	assert_non_null(strstr(f->err.msg, "lies on no disk"));
	assert_true(plan_text(f, IMAGE "[Limits]\nIOReadBandwidthMax=/no/such/place 1M\n") < 0);
	assert_non_null(strstr(f->err.msg, "No such file"));
}

static void a_network_of_another_sandbox_takes_its_name_server(void **state)
{
	const struct sandbox_spec *spec = planned(*state, IMAGE "[Network]\nNetwork=sandbox:other\n");
	assert_int_equal(spec->net.kind, NET_SANDBOX);
	assert_string_equal(spec->net.joined, "other");
	assert_non_null(
		strstr(mount_at(spec, MOUNT_OP_FILE, "/etc/resolv.conf")->content, "nameserver " NET_DNS4 "\n"));
	spec = planned(*state, IMAGE "[Network]\nNetwork=sandbox:other\nDNS=10.1.2.3\n");
	assert_non_null(strstr(mount_at(spec, MOUNT_OP_FILE, "/etc/resolv.conf")->content, "nameserver 10.1.2.3\n"));
}

static void servers_of_the_profile_replace_the_hosts(void **state)
{
	const struct sandbox_spec *spec = planned(*state, IMAGE "[Network]\nNetwork=host\nDNS=192.0.2.1 2001:db8::1\n");
	assert_int_equal(spec->net.n_servers, 2);
	assert_non_null(strstr(mount_at(spec, MOUNT_OP_FILE, "/etc/resolv.conf")->content,
		"nameserver 192.0.2.1\nnameserver 2001:db8::1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(without_a_limit_there_is_no_cgroup),
		PLAN_TEST(each_limit_is_a_line_for_its_file),
		PLAN_TEST(a_number_of_processors_is_a_quota_and_none_is_below_the_kernels_least),
		PLAN_TEST(enforce_try_is_kept),
		PLAN_TEST(a_disk_that_is_none_is_told_with_its_line),
		PLAN_TEST(a_network_of_another_sandbox_takes_its_name_server),
		PLAN_TEST(servers_of_the_profile_replace_the_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
