/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of src/plan: the root, the mounts, their order, and what is hidden. */

#include <linux/mount.h>
#include <sys/stat.h>
#include "plan_fixture.h"
#include "sbx/policy.h"

static char *mounts_text(const struct sandbox_spec *spec)
{
	_cleanup_strbuf_ struct strbuf out = {0};
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct mount_op *op = &spec->mounts[i];
		strbuf_addf(&out, "%s %s %s %llx %x\n", mount_op_name(op->kind), op->src ? op->src : "-", op->dst,
			(unsigned long long)op->attrs, op->flags);
	}
	return strbuf_steal(&out);
}

static void the_layers_are_listed_topmost_first(void **state)
{
	struct fixture *f = *state;
	const struct sandbox_spec *spec = planned(f, IMAGE);
	_cleanup_free_ char *top = xasprintf("%s/layers/single/%s", f->store.path, f->layers[1].chain_id.hex);
	_cleanup_free_ char *scratch = xasprintf("%s/scratch", f->store.path);
	assert_int_equal(spec->root.kind, ROOT_LAYERS);
	assert_int_equal(spec->root.lower.n, 2);
	assert_string_equal(spec->root.lower.v[0], top);
	assert_string_equal(spec->root.scratch_parent, scratch);
	assert_string_equal(spec->image, "test:1");
	assert_true(str_starts(spec->image_digest, "sha256:cccc"));
}

static void scratch_in_memory_has_its_size(void **state)
{
	const struct sandbox_spec *spec = planned(*state, "[Sandbox]\nImage=test:1\nScratch=memory:64M\nStorage=fuse\n"
							  "[Security]\nUserNS=single\n");
	assert_int_equal(spec->root.scratch, SCRATCH_MEMORY);
	assert_int_equal(spec->root.scratch_size_bytes, 64 << 20);
	assert_int_equal(spec->root.storage, STORAGE_FUSE);
}

static void a_link_to_the_root_is_the_host_tree(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *link = fixture_path(f, "link");
	_cleanup_free_ char *text =
		xasprintf("[Sandbox]\nRootfs=%s\n[Exec]\nExec=/bin/true\n[Security]\nUserNS=single\n", link);
	assert_int_equal(symlink("/", link), 0);
	const struct sandbox_spec *spec = planned(f, text);
	assert_int_equal(spec->root.kind, ROOT_HOST);
	assert_string_equal(spec->root.lower.v[0], "/");
	assert_int_equal(mount_at(spec, MOUNT_OP_TMPFS, "/tmp")->mode, 01777);
	assert_int_equal(mount_at(spec, MOUNT_OP_TMPFS, "/run")->mode, 0755);
	assert_non_null(mount_at(spec, MOUNT_OP_TMPFS, "/var/tmp"));
}

static void the_order_of_lines_never_changes_the_meaning(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *a = NULL, *b = NULL;
	a = mounts_text(planned(f, IMAGE "[Files]\nBind=/usr:/a/b/c\nBind=/etc:/a\nTmpfs=/a/b\nBindReadOnly=/var:/z\n"
					 "Inaccessible=/z/lib/x\nInaccessible=/z/lib\n"));
	b = mounts_text(planned(f, "[Files]\nInaccessible=/z/lib\nInaccessible=/z/lib/x\nBindReadOnly=/var:/z\n"
				   "Tmpfs=/a/b\nBind=/etc:/a\nBind=/usr:/a/b/c\n" IMAGE));
	assert_string_equal(a, b);
	const char *parent = strstr(a, "bind /etc /a "), *middle = strstr(a, "tmpfs - /a/b "),
		   *leaf = strstr(a, "bind /usr /a/b/c ");
	assert_non_null(parent);
	assert_true(parent < middle && middle < leaf);
}

static void every_mount_is_nosuid_and_nodev_unless_its_line_says_otherwise(void **state)
{
	const struct sandbox_spec *spec =
		planned(*state, IMAGE "[Files]\nBind=/usr:/a\nBind=/usr:/b:suid,dev\nBindReadOnly=/usr:/c:noexec\n"
				      "Overlay=/usr:/d\nVolume=data:/e\n");
	const uint64_t base = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	assert_int_equal(mount_at(spec, MOUNT_OP_BIND, "/a")->attrs, base);
	assert_int_equal(mount_at(spec, MOUNT_OP_BIND, "/b")->attrs, 0);
	assert_int_equal(mount_at(spec, MOUNT_OP_BIND, "/c")->attrs, base | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC);
	assert_int_equal(mount_at(spec, MOUNT_OP_OVERLAY, "/d")->attrs, base);
	assert_int_equal(mount_at(spec, MOUNT_OP_BIND, "/e")->attrs, base);
	assert_true(mount_at(spec, MOUNT_OP_BIND, "/b")->flags & MOUNT_OP_WITH_SUID);
	assert_true(mount_at(spec, MOUNT_OP_BIND, "/b")->flags & MOUNT_OP_WITH_DEV);
}

static void a_volume_lives_in_the_store_and_is_made(void **state)
{
	struct fixture *f = *state;
	const struct sandbox_spec *spec = planned(f, IMAGE "[Files]\nVolume=data:/srv\n");
	_cleanup_free_ char *src = xasprintf("%s/volumes/data", f->store.path);
	const struct mount_op *op = mount_at(spec, MOUNT_OP_BIND, "/srv");
	assert_non_null(op);
	assert_string_equal(op->src, src);
	assert_true(op->flags & MOUNT_OP_CREATE);
	assert_true(str_ends(op->origin, "t.ini:6"));
}

static void what_shows_too_much_is_masked_unless_unmasked(void **state)
{
	struct fixture *f = *state;
	static const char *const masked[] = {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore",
		"/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
		"/proc/timer_stats", "/sys/firmware", "/sys/fs/selinux", "/sys/devices/virtual/powercap"};
	static const char *const read_only[] = {
		"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
	const struct sandbox_spec *spec = planned(f, IMAGE);
	for (size_t i = 0; i < ARRAY_SIZE(masked); i++)
		assert_non_null(mount_at(spec, MOUNT_OP_MASK, masked[i]));
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++)
		assert_non_null(mount_at(spec, MOUNT_OP_READONLY, read_only[i]));
	assert_true(mount_at(spec, MOUNT_OP_SYSFS, "/sys")->attrs & MOUNT_ATTR_RDONLY);

	spec = planned(f, IMAGE "Unmask=/proc/kcore /proc/sys\nMask=/proc/cpuinfo\n");
	assert_null(mount_at(spec, MOUNT_OP_MASK, "/proc/kcore"));
	assert_null(mount_at(spec, MOUNT_OP_READONLY, "/proc/sys"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/proc/keys"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/proc/cpuinfo"));

	spec = planned(f, IMAGE "Mask=/etc/shadow\n[Files]\nInaccessible=/srv\n");
	assert_true(mount_at(spec, MOUNT_OP_MASK, "/etc/shadow")->flags & MOUNT_OP_OPTIONAL);
	assert_int_equal(mount_at(spec, MOUNT_OP_MASK, "/srv")->flags & MOUNT_OP_OPTIONAL, 0);

	/* what is hidden also when made later stays so below a mask that may be none */
	spec = planned(f, IMAGE "Mask=/srv\n[Files]\nInaccessible=/srv/x\n");
	assert_null(mount_at(spec, MOUNT_OP_MASK, "/srv/x"));
	assert_int_equal(mount_at(spec, MOUNT_OP_MASK, "/srv")->flags & MOUNT_OP_OPTIONAL, 0);
	spec = planned(f, IMAGE "Mask=/srv /srv/x\n");
	assert_true(mount_at(spec, MOUNT_OP_MASK, "/srv")->flags & MOUNT_OP_OPTIONAL);
}

static void the_stores_and_states_directories_are_masked_in_every_bind_that_holds_them(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = xasprintf(IMAGE "[Files]\nBind=%s:/one\nBind=%s/..:/two\n", f->dir, f->dir);
	const struct sandbox_spec *spec = planned(f, text);
	_cleanup_free_ char *two = xasprintf("/two/%s/store", strrchr(f->dir, '/') + 1);
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/one/store"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/one/state/sbx"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/one/runtime/sbx"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, two));
	/* Nothing is mounted behind a mask. */
	assert_int_equal(spec->mounts[spec->n_mounts - 1].kind, MOUNT_OP_MASK);
}

static void a_missing_state_directory_is_made_so_that_its_mask_holds(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	_cleanup_free_ char *text = xasprintf(IMAGE "[Files]\nBind=%s:/one\n", f->dir);
	_cleanup_free_ char *path = fixture_path(f, "state/sbx");
	const struct sandbox_spec *spec = planned(f, text);
	assert_int_equal(stat(path, &st), -1);
	plan_prepare(spec);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void an_own_directory_under_another_mount_is_left_alone(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = xasprintf(IMAGE "[Files]\nBind=%s:/one\nTmpfs=/one/state\n", f->dir);
	const struct sandbox_spec *spec = planned(f, text);
	assert_null(mount_at(spec, MOUNT_OP_MASK, "/one/state/sbx"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/one/store"));
}

static void an_inaccessible_path_is_masked_wherever_its_file_shows_up(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text = xasprintf(IMAGE "[Files]\nBind=%s/home:/a\nBindReadOnly=%s:/b\nOverlay=%s/home:/c\n"
						    "Inaccessible=/a/secret /plain\n",
		f->dir, f->dir, f->dir);
	const struct sandbox_spec *spec = planned(f, text);
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/a/secret"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/b/home/secret"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/c/secret"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/plain"));
	assert_int_equal(mount_at(spec, MOUNT_OP_MASK, "/a/secret")->flags & MOUNT_OP_OPTIONAL, 0);
}

static void a_mask_in_the_hosts_tree_covers_binds_of_it_too(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text =
		xasprintf("[Sandbox]\nRootfs=/\n[Exec]\nExec=/bin/true\n[Security]\nUserNS=single\n[Files]\n"
			  "Bind=/usr:/mnt\nInaccessible=/mnt/games\n");
	const struct sandbox_spec *spec = planned(f, text);
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/mnt/games"));
	assert_non_null(mount_at(spec, MOUNT_OP_MASK, "/usr/games"));
}

static void the_profiles_tmp_replaces_the_fresh_one(void **state)
{
	const struct sandbox_spec *spec =
		planned(*state, "[Sandbox]\nImage=test:1\nReadOnly=yes\n[Security]\nUserNS=single\n"
				"[Files]\nTmpfs=/tmp:size=1M\n");
	size_t n = 0;
	for (size_t i = 0; i < spec->n_mounts; i++)
		n += strcmp(spec->mounts[i].dst, "/tmp") == 0;
	assert_int_equal(n, 1);
	assert_int_equal(mount_at(spec, MOUNT_OP_TMPFS, "/tmp")->size_bytes, 1 << 20);
	assert_non_null(mount_at(spec, MOUNT_OP_TMPFS, "/run"));
	assert_true(mount_at(spec, MOUNT_OP_FILE, "/etc/hosts")->attrs & MOUNT_ATTR_RDONLY);
}

static void the_hosts_proc_is_bound_on_request_and_said(void **state)
{
	const struct sandbox_spec *spec = planned(*state, IMAGE "[Files]\nProc=host-bind\n");
	assert_true(mount_at(spec, MOUNT_OP_PROC, "/proc")->flags & MOUNT_OP_HOST);
	assert_non_null(strstr(spec->notes.v[spec->notes.n - 1], "t.ini:6: [Files] Proc=host-bind"));
	assert_int_equal(mount_at(planned(*state, IMAGE), MOUNT_OP_PROC, "/proc")->flags & MOUNT_OP_HOST, 0);
}

static void an_images_volumes_stay_writable_in_a_read_only_root(void **state)
{
	struct fixture *f = *state;
	strv_add(&f->image.volumes, "/data");
	strv_add(&f->image.volumes, "/proc/x");
	strv_add(&f->image.volumes, "relative");
	assert_null(mount_at(planned(f, IMAGE), MOUNT_OP_OVERLAY, "/data"));
	const struct sandbox_spec *spec =
		planned(f, "[Sandbox]\nImage=test:1\nReadOnly=yes\n[Security]\nUserNS=single\n");
	const struct mount_op *op = mount_at(spec, MOUNT_OP_OVERLAY, "/data");
	assert_non_null(op);
	assert_null(op->src);
	assert_string_equal(op->origin, "image");
	assert_null(mount_at(spec, MOUNT_OP_OVERLAY, "/proc/x"));
}

static void hosts_hostname_and_resolv_conf_are_made(void **state)
{
	struct fixture *f = *state;
	const struct sandbox_spec *spec =
		planned(f, IMAGE "[Exec]\nHostName=box\n[Network]\nAddHost=db:10.0.0.1 six:fe80::1\n"
				 "DNS=1.1.1.1 8.8.8.8\nDNSSearch=a.org b.org\n");
	const char *hosts = mount_at(spec, MOUNT_OP_FILE, "/etc/hosts")->content;
	assert_non_null(strstr(hosts, "127.0.0.1\tlocalhost\n"));
	assert_non_null(strstr(hosts, "127.0.0.1\tbox\n"));
	assert_non_null(strstr(hosts, "10.0.0.1\tdb\n"));
	assert_non_null(strstr(hosts, "fe80::1\tsix\n"));
	assert_string_equal(mount_at(spec, MOUNT_OP_FILE, "/etc/hostname")->content, "box\n");
	assert_string_equal(mount_at(spec, MOUNT_OP_FILE, "/etc/resolv.conf")->content,
		"nameserver 1.1.1.1\nnameserver 8.8.8.8\nsearch a.org b.org\n");
}

static void a_bind_over_etc_is_left_as_it_is_and_a_tmpfs_is_filled(void **state)
{
	struct fixture *f = *state;
	const struct sandbox_spec *spec = planned(f, IMAGE "[Files]\nBind=/etc:/etc\n");
	assert_null(mount_at(spec, MOUNT_OP_FILE, "/etc/hosts"));
	spec = planned(f, IMAGE "[Files]\nBind=/usr/lib/os-release:/etc/hosts\nTmpfs=/etc\n");
	assert_null(mount_at(spec, MOUNT_OP_FILE, "/etc/hosts"));
	const struct mount_op *file = mount_at(spec, MOUNT_OP_FILE, "/etc/hostname");
	assert_true(file > mount_at(spec, MOUNT_OP_TMPFS, "/etc"));
}

static void the_hosts_network_brings_its_sysfs_and_resolvers(void **state)
{
	const struct sandbox_spec *spec = planned(*state, IMAGE "[Network]\nNetwork=host\n");
	assert_int_equal(spec->net.kind, NET_HOST);
	assert_int_equal(spec->security.scope_abstract_unix, landlock_abi() >= 6);
	assert_true(mount_at(spec, MOUNT_OP_SYSFS, "/sys")->flags & MOUNT_OP_HOST);
	assert_null(strstr(mount_at(spec, MOUNT_OP_FILE, "/etc/resolv.conf")->content, "made by sbx"));
	spec = planned(*state, IMAGE);
	assert_int_equal(spec->net.kind, NET_NONE);
	assert_false(spec->security.scope_abstract_unix);
	assert_int_equal(mount_at(spec, MOUNT_OP_SYSFS, "/sys")->flags & MOUNT_OP_HOST, 0);
	assert_non_null(strstr(mount_at(spec, MOUNT_OP_FILE, "/etc/resolv.conf")->content, "Network=none"));
}

static void a_device_is_bound_and_dev_has_its_shm_size(void **state)
{
	const struct sandbox_spec *spec =
		planned(*state, IMAGE "[Files]\nDevice=/dev/fuse\nDevice=/dev/null:/dev/other:rw\n"
				      "[Limits]\nShmSize=1M\n");
	assert_string_equal(mount_at(spec, MOUNT_OP_DEVICE, "/dev/fuse")->src, "/dev/fuse");
	assert_string_equal(mount_at(spec, MOUNT_OP_DEVICE, "/dev/other")->src, "/dev/null");
	assert_int_equal(mount_at(spec, MOUNT_OP_DEV, "/dev")->size_bytes, 1 << 20);
}

static void the_check_refuses_a_spec_that_was_tampered_with(void **state)
{
	struct fixture *f = *state;
	struct sandbox_spec *spec = (struct sandbox_spec *)(uintptr_t)planned(f, IMAGE "[Files]\nBind=/usr:/a\n");
	struct mount_op *op = (struct mount_op *)(uintptr_t)mount_at(spec, MOUNT_OP_BIND, "/a");
	assert_int_equal(plan_check(spec, &f->err), 0);
	op->attrs = 0;
	assert_int_equal(plan_check(spec, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.msg, "mount attributes are missing"));
	op->attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	static const char *const wrong[] = {"/", "/proc/x", "/sys", "/dev", "/a/../b", "a", "/a/"};
	char *dst = op->dst;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		op->dst = (char *)(uintptr_t)wrong[i];
		assert_int_equal(plan_check(spec, NULL), -EINVAL);
	}
	op->dst = dst;
	free(spec->process.env.v[0]);
	spec->process.env.v[0] = xstrdup("=x");
	assert_int_equal(plan_check(spec, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.msg, "without NAME="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(the_layers_are_listed_topmost_first),
		PLAN_TEST(scratch_in_memory_has_its_size),
		PLAN_TEST(a_link_to_the_root_is_the_host_tree),
		PLAN_TEST(the_order_of_lines_never_changes_the_meaning),
		PLAN_TEST(every_mount_is_nosuid_and_nodev_unless_its_line_says_otherwise),
		PLAN_TEST(a_volume_lives_in_the_store_and_is_made),
		PLAN_TEST(what_shows_too_much_is_masked_unless_unmasked),
		PLAN_TEST(the_stores_and_states_directories_are_masked_in_every_bind_that_holds_them),
		PLAN_TEST(a_missing_state_directory_is_made_so_that_its_mask_holds),
		PLAN_TEST(an_own_directory_under_another_mount_is_left_alone),
		PLAN_TEST(an_inaccessible_path_is_masked_wherever_its_file_shows_up),
		PLAN_TEST(a_mask_in_the_hosts_tree_covers_binds_of_it_too),
		PLAN_TEST(the_profiles_tmp_replaces_the_fresh_one),
		PLAN_TEST(the_hosts_proc_is_bound_on_request_and_said),
		PLAN_TEST(an_images_volumes_stay_writable_in_a_read_only_root),
		PLAN_TEST(hosts_hostname_and_resolv_conf_are_made),
		PLAN_TEST(a_bind_over_etc_is_left_as_it_is_and_a_tmpfs_is_filled),
		PLAN_TEST(the_hosts_network_brings_its_sysfs_and_resolvers),
		PLAN_TEST(a_device_is_bound_and_dev_has_its_shm_size),
		PLAN_TEST(the_check_refuses_a_spec_that_was_tampered_with),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
