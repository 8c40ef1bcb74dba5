/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of src/plan: the program, its environment, who it is, what it may do. */

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "plan_fixture.h"
#include "sbx/dirs.h"
#include "sbx/policy.h"

static void words_set(struct strv *to, const char *text)
{
	strv_clear(to);
	if (text)
		assert_int_equal(words_split(text, to, NULL), 0);
}

static bool strv_find(const struct strv *list, const char *part)
{
	for (size_t i = 0; i < list->n; i++)
		if (strstr(list->v[i], part))
			return true;
	return false;
}

static void the_command_line_follows_the_rules_of_containers(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *entrypoint, *cmd; /* of the image */
		const char *profile;
		const char *command; /* after -- */
		const char *argv, *origin;
	} table[] = {
		{NULL, "sh", "", NULL, "sh", "image"},
		{"init", "serve now", "", NULL, "init serve now", "image"},
		{"init", "serve", "Exec=other one\n", NULL, "init other one", "image, t.ini:6"},
		{"init", "serve", "Exec=other\n", "last words", "init last words", "image, command line"},
		{NULL, "serve", "Exec=other\n", NULL, "other", "t.ini:6"},
		{"init", "serve", "Entrypoint=mine -x\n", NULL, "mine -x", "t.ini:6"},
		{"init", "serve", "Entrypoint=mine\nExec=run\n", NULL, "mine run", "t.ini:6, t.ini:7"},
		{"init", "serve", "Entrypoint=\nExec=run\n", NULL, "run", "t.ini:7"},
		{"init", "serve", "Entrypoint=\n", "a b", "a b", "command line"},
		{"init", "serve", "Entrypoint=mine\n", "a", "mine a", "t.ini:6, command line"},
		{"init", "serve", "Exec=other\nExec=\n", NULL, "init serve", "image"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		words_set(&f->image.entrypoint, table[i].entrypoint);
		words_set(&f->image.cmd, table[i].cmd);
		words_set(&f->command, table[i].command);
		_cleanup_free_ char *text = xasprintf(IMAGE "[Exec]\n%s", table[i].profile);
		const struct sandbox_spec *spec = planned(f, text);
		_cleanup_free_ char *argv = words_quote(&spec->process.argv);
		assert_string_equal(argv, table[i].argv);
		/* Origins carry the profile's path as it was given. */
		_cleanup_strbuf_ struct strbuf origin = {0};
		for (const char *s = spec->process.argv_origin; *s;) {
			size_t n = strlen(f->dir);
			bool dir = strncmp(s, f->dir, n) == 0;
			if (!dir)
				strbuf_addc(&origin, *s);
			s += dir ? n + 1 : 1;
		}
		assert_string_equal(origin.s, table[i].origin);
	}
}

static void the_environment_is_built_in_layers(void **state)
{
	struct fixture *f = *state;
	strv_add(&f->image.env, "A=image");
	strv_add(&f->image.env, "B=image");
	strv_add(&f->image.env, "C=image");
	strv_add(&f->image.env, "=nameless");
	strv_add(&f->image.env, "container=oops");
	fixture_write(f, "env", "# comment\n\nB=file\r\nC=file = \"quoted\"\n  HOSTS\nNOT_SET_ANYWHERE\n");
	setenv("HOSTS", "from host", 1);
	setenv("OTHER", "other", 1);
	unsetenv("NOT_SET_ANYWHERE");
	setenv("SECRET_OF_HOST", "x", 1);
	const struct sandbox_spec *spec =
		planned(f, IMAGE "[Exec]\nEnvironment=C=profile OTHER 'D=two words'\nEnvironmentFile=env\n");
	const struct strv *env = &spec->process.env;
	assert_true(strv_contains(env, PATH_DEFAULT));
	assert_string_equal(strv_env_get(env, "A"), "image");
	assert_string_equal(strv_env_get(env, "B"), "file");
	assert_string_equal(strv_env_get(env, "C"), "profile");
	assert_string_equal(strv_env_get(env, "D"), "two words");
	assert_string_equal(strv_env_get(env, "HOSTS"), "from host");
	assert_string_equal(strv_env_get(env, "OTHER"), "other");
	assert_string_equal(strv_env_get(env, "container"), "sbx");
	assert_string_equal(strv_env_get(env, "TERM"), "vt100");
	assert_null(strv_env_get(env, "NOT_SET_ANYWHERE"));
	assert_null(strv_env_get(env, "SECRET_OF_HOST"));
	assert_null(strv_env_get(env, "HOME"));
	assert_true(strv_find(&spec->notes, "=nameless"));
}

static void without_a_terminal_there_is_no_term(void **state)
{
	const struct sandbox_spec *spec = planned(*state, IMAGE "[Exec]\nTerminal=no\nTimezone=Europe/Berlin\n");
	assert_null(strv_env_get(&spec->process.env, "TERM"));
	assert_string_equal(strv_env_get(&spec->process.env, "TZ"), "Europe/Berlin");
	assert_int_equal(spec->process.terminal, TERMINAL_NO);
}

static void the_user_is_the_profiles_then_the_images_then_root(void **state)
{
	struct fixture *f = *state;
	char of_image[] = "www:web";
	assert_string_equal(planned(f, IMAGE)->process.user, "0");
	f->image.user = of_image;
	const struct sandbox_spec *spec = planned(f, IMAGE);
	assert_string_equal(spec->process.user, "www");
	assert_string_equal(spec->process.group, "web");
	spec = planned(f, IMAGE "[Exec]\nUser=me\nGroup=us\n");
	assert_string_equal(spec->process.user, "me");
	assert_string_equal(spec->process.group, "us");
	spec = planned(f, IMAGE "[Exec]\nUser=me\n");
	assert_null(spec->process.group);
}

static void a_single_id_is_the_number_that_the_profile_asks_for(void **state)
{
	struct fixture *f = *state;
	const struct sandbox_spec *spec = planned(f, IMAGE "[Exec]\nUser=1234\n");
	assert_int_equal(spec->maps.uid.n, 1);
	assert_int_equal(idmap_to_outside(&spec->maps.uid, 1234), geteuid());
	assert_string_equal(spec->process.group, "1234");
	spec = planned(f, IMAGE "[Exec]\nUser=1234:77\n");
	assert_int_equal(idmap_to_outside(&spec->maps.gid, 77), getegid());
	spec = planned(f, IMAGE);
	assert_int_equal(idmap_to_outside(&spec->maps.uid, 0), geteuid());
	assert_false(spec->maps.by_helper);
}

static void listed_maps_are_taken_as_they_are(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *text =
		xasprintf("[Sandbox]\nImage=test:1\n[Security]\nUIDMap=0:%u:1 1:700000:100\nGIDMap=0:%u:1\n",
			(unsigned)geteuid(), (unsigned)getegid());
	const struct sandbox_spec *spec = planned(f, text);
	assert_string_equal(spec->userns_mode, "map");
	assert_true(spec->maps.by_helper);
	assert_int_equal(idmap_to_outside(&spec->maps.uid, 5), 700004);
	assert_int_equal(idmap_to_outside(&spec->maps.gid, 1), UINT32_MAX);
	assert_int_equal(spec->security.caps, caps_default_subuid());
	assert_false(spec->security.fake_root);
}

/* Either is right on some machine; what goes with it is checked here. */
static void auto_takes_subordinate_ids_where_there_are_some(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *name = user_name();
	uint32_t start, count;
	bool has_ranges = geteuid() != 0 && subid_range("/etc/subuid", getuid(), name, &start, &count, NULL) == 0 &&
			  subid_range("/etc/subgid", getuid(), name, &start, &count, NULL) == 0;
	const struct sandbox_spec *spec = planned(f, "[Sandbox]\nImage=test:1\n");
	assert_string_equal(spec->userns_origin, "default");
	if (!has_ranges) {
		assert_string_equal(spec->userns_mode, "single");
		assert_int_equal(strv_find(&spec->notes, "UserNS=auto: a single user"), geteuid() != 0);
		return;
	}
	assert_string_equal(spec->userns_mode, "subuid");
	assert_true(spec->maps.by_helper);
	assert_int_equal(idmap_to_outside(&spec->maps.uid, 0), geteuid());
	assert_int_equal(spec->security.caps, caps_default_subuid());
	assert_false(spec->security.fake_root);
	spec = planned(f, "[Sandbox]\nImage=test:1\n[Exec]\nSupplementaryGroups=5\n[Security]\nUserNS=keep-id\n");
	_cleanup_free_ char *own = xasprintf("%u", (unsigned)geteuid());
	assert_string_equal(spec->userns_mode, "keep-id");
	assert_string_equal(spec->process.user, own);
	assert_string_equal(spec->process.groups.v[0], "5");
	assert_int_equal(idmap_to_outside(&spec->maps.uid, geteuid()), geteuid());
}

static void a_single_id_has_no_capabilities_and_a_fake_root(void **state)
{
	const struct sandbox_spec *spec = planned(*state, IMAGE);
	assert_int_equal(spec->security.caps, 0);
	assert_string_equal(spec->security.caps_text, "none");
	assert_true(spec->security.fake_root);
	assert_true(spec->security.no_new_privs);
	assert_false(spec->security.caps_explicit);
	assert_false(planned(*state, IMAGE "FakeRoot=no\n")->security.fake_root);
}

static void capabilities_are_added_and_dropped_by_name(void **state)
{
	struct fixture *f = *state;
	const struct sandbox_spec *spec = planned(f, IMAGE "AddCapability=CAP_NET_RAW kill\n");
	assert_string_equal(spec->security.caps_text, "KILL NET_RAW");
	assert_true(spec->security.caps_explicit);
	spec = planned(f, IMAGE "AddCapability=chown\nDropCapability=all\n");
	assert_string_equal(spec->security.caps_text, "CHOWN");
	spec = planned(f, IMAGE "AddCapability=all\nDropCapability=sys_admin\n");
	assert_int_equal(spec->security.caps, caps_all() & ~(UINT64_C(1) << 21));
}

static void the_filter_is_the_specs_own_copy(void **state)
{
	struct fixture *f = *state;
	struct seccomp_filter strict = {0}, nested = {0};
	assert_int_equal(seccomp_builtin("strict", &strict), 0);
	assert_int_equal(seccomp_builtin("nested", &nested), 0);
	const struct sandbox_spec *spec = planned(f, IMAGE "SeccompProfile=strict\n");
	assert_int_equal(spec->security.seccomp_len, strict.n_insns);
	assert_memory_equal(spec->security.seccomp, strict.insns, strict.n_insns * sizeof *strict.insns);
	assert_true(spec->security.seccomp != strict.insns);
	spec = planned(f, IMAGE "NestedNamespaces=yes\n");
	assert_string_equal(spec->security.seccomp_name, "nested");
	assert_int_equal(spec->security.seccomp_len, nested.n_insns);
	spec = planned(f, IMAGE "SeccompProfile=unconfined\n");
	assert_int_equal(spec->security.seccomp_len, 0);
	assert_null(spec->security.seccomp);
}

static void limits_have_their_numbers_and_lines(void **state)
{
	const struct sandbox_spec *spec = planned(*state, IMAGE "[Limits]\nLimitNOFILE=100:200\nLimitCORE=0\n");
	assert_int_equal(spec->n_rlimits, 2);
	for (size_t i = 0; i < spec->n_rlimits; i++) {
		const struct rlimit_spec *limit = &spec->rlimits[i];
		if (limit->resource == RLIMIT_NOFILE) {
			assert_int_equal(limit->limit.rlim_cur, 100);
			assert_int_equal(limit->limit.rlim_max, 200);
			assert_true(str_ends(limit->origin, "t.ini:6"));
		} else {
			assert_int_equal(limit->resource, RLIMIT_CORE);
			assert_int_equal(limit->limit.rlim_max, 0);
		}
	}
}

static void a_limit_beyond_the_callers_own_is_lowered_with_enforce_try(void **state)
{
	struct fixture *f = *state;
	const struct rlimit lower = {.rlim_cur = 64, .rlim_max = 64};
	const struct sandbox_spec *spec = planned(f, IMAGE "[Limits]\nLimitNOFILE=infinity\n");
	assert_int_equal(spec->rlimits[0].limit.rlim_max, RLIM_INFINITY);
	/* In a child: a lowered hard limit does not come back. */
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		bool ok = setrlimit(RLIMIT_NOFILE, &lower) == 0 &&
			  plan_text(f, IMAGE "[Limits]\nLimitNOFILE=infinity\nEnforce=try\n") == 0 &&
			  f->spec->rlimits[0].limit.rlim_max == 64 && f->spec->rlimits[0].limit.rlim_cur == 64 &&
			  strv_find(&f->spec->notes, "your own hard limit is 64");
		_exit(!ok);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void the_maps_that_were_made_before_are_taken_over(void **state)
{
	struct fixture *f = *state;
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_spec_ struct sandbox_spec *before = spec_new();
	_cleanup_strv_ struct strv problems = {0};
	_cleanup_free_ char *path = fixture_path(f, "t.ini");
	struct profile_request request = {.name_or_path = path};
	fixture_write(f, "t.ini", IMAGE "[Network]\nNetwork=none\n");
	assert_int_equal(profile_load(&request, &profile, &problems, &f->err), 0);
	assert_int_equal(plan_userns(profile, before, &f->err), 0);
	strv_add(&before->notes, "said before");
	struct plan_input input = {.profile = profile, .store = &f->store, .image = &f->image, .userns = before};
	assert_int_equal(plan_build(&input, &f->spec, &f->err), 0);
	assert_int_equal(f->spec->maps.uid.n, 1);
	assert_string_equal(f->spec->userns_mode, "single");
	assert_string_equal(f->spec->notes.v[0], "said before");
	assert_int_equal(before->maps.uid.n, 0);
}

static void the_small_settings_are_carried_over(void **state)
{
	struct fixture *f = *state;
	char of_image[] = "SIGQUIT", dir[] = "srv/app/";
	f->image.stop_signal = of_image;
	f->image.working_dir = dir;
	const struct process_spec *process = &planned(f, IMAGE)->process;
	assert_int_equal(process->stop_signal, SIGQUIT);
	assert_int_equal(process->stop_timeout_ms, 10000);
	assert_int_equal(process->runtime_max_ms, 0);
	assert_int_equal(process->umask, 022);
	assert_false(process->set_oom_score_adj);
	assert_string_equal(process->cwd, "/srv/app");
	assert_string_equal(process->host_name, "t");
	process = &planned(f, IMAGE "[Exec]\nStopSignal=SIGINT\nStopTimeout=500ms\nRuntimeMaxSec=3\nUmask=077\nNice=5\n"
				    "OOMScoreAdjust=0\nWorkingDirectory=/a/../b\nHostName=h\n")
			   ->process;
	assert_int_equal(process->stop_signal, SIGINT);
	assert_int_equal(process->stop_timeout_ms, 500);
	assert_int_equal(process->runtime_max_ms, 3000);
	assert_int_equal(process->umask, 077);
	assert_int_equal(process->nice, 5);
	assert_true(process->set_oom_score_adj);
	assert_string_equal(process->cwd, "/b");
	assert_string_equal(process->host_name, "h");
}

static void a_sandboxs_name_becomes_a_valid_host_name(void **state)
{
	const struct sandbox_spec *spec =
		planned(*state, "[Sandbox]\nImage=test:1\nName=my_box.1\n[Security]\nUserNS=single\n");
	assert_string_equal(spec->name, "my_box.1");
	assert_string_equal(spec->process.host_name, "my-box.1");
}

/* Every refusal: what it says, and that it names its line. */
static void everything_that_cannot_be_is_refused_in_words(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *in_store = xasprintf(IMAGE "[Files]\nBind=%s/store/layers:/x\n", f->dir);
	_cleanup_free_ char *in_state = xasprintf(IMAGE "[Files]\nOverlay=%s/state/sbx:/x\n", f->dir);
	_cleanup_free_ char *by_link = xasprintf(IMAGE "[Files]\nBind=%s/link/deep:/x\n", f->dir);
	_cleanup_free_ char *rootfs = xasprintf("[Sandbox]\nRootfs=%s/store/x\n[Exec]\nExec=x\n", f->dir);
	_cleanup_free_ char *link = fixture_path(f, "link"), *store = fixture_path(f, "store");
	assert_int_equal(symlink(store, link), 0);
	fixture_write(f, "env", "FINE=1\n=bad\n");
	const struct {
		const char *profile, *line, *words;
	} table[] = {
		{in_store, "t.ini:6: [Files] Bind=", "lies in sbx's own directory"},
		{in_state, "t.ini:6: [Files] Overlay=", "lies in sbx's own directory"},
		{by_link, "t.ini:6: [Files] Bind=", "lies in sbx's own directory"},
		{rootfs, "t.ini:2: [Sandbox] Rootfs=", "lies in sbx's own directory"},
		{IMAGE "[Files]\nBind=/usr:/\n", "t.ini:6: [Files] Bind", "the root itself"},
		{IMAGE "[Files]\nBind=/usr:/proc/sys\n", "t.ini:6: [Files] Bind", "/proc"},
		{IMAGE "[Files]\nTmpfs=/sys\n", "t.ini:6: [Files] TemporaryFileSystem", "/sys"},
		{IMAGE "[Files]\nBind=/usr:/x/../dev\n", "t.ini:6: [Files] Bind", "/dev"},
		{IMAGE "[Files]\nBind=/usr:/x\nTmpfs=/x/\n", "t.ini:", "two mounts at /x"},
		{IMAGE "[Files]\nDevice=/dev/fuse:/dev/fuse:r\n", "t.ini:6: [Files] Device", "cannot be narrowed"},
		{IMAGE "Mask=/\n", "t.ini:5: [Security] Mask", "below the root"},
		{IMAGE "Unmask=/proc/cpuinfo\n", "t.ini:5: [Security] Unmask", "by default"},
		{IMAGE "Unmask=/proc/kcroe\n", "t.ini:5: [Security] Unmask", "did you mean /proc/kcore?"},
		{IMAGE "[Files]\nBind=/etc:/etc\n[Network]\nAddHost=a:10.0.0.1\n", "t.ini:8: [Network] AddHost",
			"written to /etc/hosts"},
		{IMAGE "[Files]\nBind=/dev/null:/etc/resolv.conf\n[Network]\nDNSSearch=a.example\n",
			"t.ini:8: [Network] DNSSearch", "written to /etc/resolv.conf"},
		{"[Sandbox]\nRootfs=/\nPlatform=linux/arm64\n[Exec]\nExec=x\n[Security]\nUserNS=single\n",
			"t.ini:3: [Sandbox] Platform", "about an image"},
		{"[Sandbox]\nRootfs=/\nPull=always\n[Exec]\nExec=x\n[Security]\nUserNS=single\n",
			"t.ini:3: [Sandbox] Pull", "about an image"},
		{IMAGE "[Files]\nInaccessible=/\n", "t.ini:6: [Files] Inaccessible", "below the root"},
		{IMAGE "[Network]\nDNS=1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4\n", "t.ini:6: [Network] DNS=4.4.4.4", "first 3"},
		{IMAGE "[Network]\nDNS=1.1.1.1#5353\n", "t.ini:6: [Network] DNS", "port 53"},
		{IMAGE "[Exec]\nEntrypoint=\n", "t.ini", "took the image's Cmd with it"},
		{IMAGE "[Exec]\nExec=''\n", "t.ini:6", "name of the program is empty"},
		{"[Sandbox]\nRootfs=/\n[Security]\nUserNS=single\n", "t.ini", "Rootfs= names no program"},
		{IMAGE "[Exec]\nEnvironmentFile=env\n", "t.ini:6: [Exec] EnvironmentFile",
			"env:2: expected NAME=VALUE"},
		{IMAGE "[Exec]\nEnvironmentFile=/nonexistent/env\n", "t.ini:6: [Exec] EnvironmentFile", "No such file"},
		{IMAGE "[Exec]\nSupplementaryGroups=5\n", "t.ini:6: [Exec] SupplementaryGroups=5", "UserNS=subuid"},
		{IMAGE "[Exec]\nUser=a:b\nGroup=c\n", "t.ini:7: [Exec] Group", "keep one"},
		{IMAGE "AddCapability=kill\nDropCapability=KILL\n", "t.ini:6: [Security] DropCapability",
			"KILL is in AddCapability"},
		{IMAGE "SeccompProfile=strict\nNestedNamespaces=yes\n", "t.ini:6: [Security] NestedNamespaces",
			"SeccompProfile=strict"},
		{"[Sandbox]\nImage=test:1\nRequire=seccomp\n[Security]\nUserNS=single\nSeccompProfile=unconfined\n",
			"t.ini:3: [Sandbox] Require=seccomp", "unconfined"},
		{"[Sandbox]\nImage=test:1\nStorage=fuse\nRequire=native-overlay\n[Security]\nUserNS=single\n",
			"t.ini:4: [Sandbox] Require=native-overlay", "opposite"},
		{"[Sandbox]\nImage=test:1\nRequire=limits\n[Security]\nUserNS=single\n[Limits]\nEnforce=try\n",
			"t.ini:3: [Sandbox] Require=limits", "opposite"},
		{"[Sandbox]\nImage=test:1\nRequire=network-filter\n[Security]\nUserNS=single\n[Network]\nNetwork="
		 "host\n",
			"t.ini:3: [Sandbox] Require=network-filter", "AllowDomain"},
		{"[Sandbox]\nImage=test:1\nEphemeral=no\n[Security]\nUserNS=single\n", "t.ini:3: [Sandbox] Ephemeral",
			"not in this build"},
		{IMAGE "[Network]\nNetwork=host\nPublishPort=80\n", "t.ini:7: [Network] PublishPort",
			"needs Network=slirp or pasta; here it is host"},
		{IMAGE "[Network]\nNetwork=none\nAllowDomain=a.org\n", "t.ini:7: [Network] AllowDomain",
			"needs Network=slirp"},
		{IMAGE "[Network]\nNetwork=host\nDNS=1.1.1.1#5353\n", "t.ini:7: [Network] DNS=1.1.1.1#5353", "port 53"},
		{IMAGE "UIDMap=0:0:1\n", "t.ini:5: [Security] UIDMap", "given twice"},
		{"[Sandbox]\nImage=test:1\n[Security]\nUIDMap=0:3000000:5\n", "t.ini:4: [Security] UIDMap",
			"your own user id"},
		{"[Sandbox]\nImage=test:1\nRootfs=/\n", "t.ini:3: [Sandbox] Rootfs", "Image="},
	};
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (plan_text(f, table[i].profile) == 0)
			fail_msg("not refused:\n%s", table[i].profile);
		if (!strstr(f->err.msg, table[i].line) || !strstr(f->err.msg, table[i].words))
			fail_msg("\"%s\" has not \"%s\" and \"%s\"", f->err.msg, table[i].line, table[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(the_command_line_follows_the_rules_of_containers),
		PLAN_TEST(the_environment_is_built_in_layers),
		PLAN_TEST(without_a_terminal_there_is_no_term),
		PLAN_TEST(the_user_is_the_profiles_then_the_images_then_root),
		PLAN_TEST(a_single_id_is_the_number_that_the_profile_asks_for),
		PLAN_TEST(listed_maps_are_taken_as_they_are),
		PLAN_TEST(auto_takes_subordinate_ids_where_there_are_some),
		PLAN_TEST(a_single_id_has_no_capabilities_and_a_fake_root),
		PLAN_TEST(capabilities_are_added_and_dropped_by_name),
		PLAN_TEST(the_filter_is_the_specs_own_copy),
		PLAN_TEST(limits_have_their_numbers_and_lines),
		PLAN_TEST(a_limit_beyond_the_callers_own_is_lowered_with_enforce_try),
		PLAN_TEST(the_maps_that_were_made_before_are_taken_over),
		PLAN_TEST(the_small_settings_are_carried_over),
		PLAN_TEST(a_sandboxs_name_becomes_a_valid_host_name),
		PLAN_TEST(everything_that_cannot_be_is_refused_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
