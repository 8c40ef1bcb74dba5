# SPDX-License-Identifier: Apache-2.0
# The command line: the program sbx.  All but main.c is a library, so that unit tests can link it.
noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	src/cli/cli.h src/cli/commands.def src/cli/commands.h src/cli/doctor.h src/cli/print.h src/cli/run_options.h \
	src/cli/run_prepare.h \
	src/cli/cmd_completion.c src/cli/cmd_doctor.c src/cli/cmd_explain.c src/cli/cmd_image.c src/cli/cmd_net.c src/cli/cmd_profile.c \
	src/cli/cmd_kill.c src/cli/cmd_pause.c src/cli/cmd_ps.c src/cli/cmd_run.c src/cli/cmd_stats.c src/cli/cmd_update.c src/cli/cmd_version.c src/cli/doctor_checks.c src/cli/doctor_probe.c src/cli/options.c \
	src/cli/print.c src/cli/run_image.c src/cli/run_options.c src/cli/run_prepare.c src/cli/run_values.c
libcli_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SECCOMP_CFLAGS) $(CAP_CFLAGS)

bin_PROGRAMS += sbx
sbx_SOURCES = src/cli/main.c
# Highest floor first.  DESIGN.md, Programs: nothing but these four libraries, and none that no symbol needs.
SBX_LIBS = libcli.a libplan.a libruntime.a libspec.a libprofile.a libimage.a libpolicy.a libnet.a $(FLOOR_SYS) \
	$(LAUNCHER_LIBS)
sbx_LDADD = $(SBX_LIBS)
sbx_LDFLAGS = $(AM_LDFLAGS) $(LAUNCHER_LDFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += test/unit/cli/test_options
TESTS += test/unit/cli/test_options
test_unit_cli_test_options_SOURCES = test/unit/cli/test_options.c
test_unit_cli_test_options_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
test_unit_cli_test_options_LDADD = $(SBX_LIBS) $(TEST_LIBS)
endif
