/* SPDX-License-Identifier: Apache-2.0 */

/* sbx doctor: what this machine offers and lacks, for people or as one JSON document:
 *
 *	{"version", "kernel", "machine", "works": bool,
 *	 "checks": [{"name", "title", "status": "ok" | "lack" | "skipped", "needed": bool, "found", "costs", "mend"}]}
 *
 * costs and mend are there for a lack alone; needed is false for each of two ways of which one is enough. */

#include "commands.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include "doctor.h"
#include "sbx/cleanup.h"
#include "sbx/str.h"

enum { OPT_FORMAT = 1 };

const struct cli_option doctor_options[] = {
	{"format", 0, CLI_ARG_CHOICE, "text|json", "for people, or one JSON document", OPT_FORMAT, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};

/* A number of checks above what the table can ever have. */
#define CHECKS_MAX 64

struct report {
	struct doctor_finding findings[CHECKS_MAX]; /* beside doctor_checks */
	size_t n;
	bool works;
};

static int handle_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	(void)option; /* there is one */
	return cli_format_parse(value, data, err);
}

static void look_at_all(struct report *report)
{
	struct doctor doctor;
	bool stacks = false, needs_stack = false;

	doctor_open(&doctor);
	report->works = true;
	for (const struct doctor_check *c = doctor_checks; c->name && report->n < CHECKS_MAX; c++, report->n++) {
		struct doctor_finding *finding = &report->findings[report->n];
		c->look(&doctor, finding);
		if (c->need == DOCTOR_NEEDED && !finding->ok)
			report->works = false;
		if (c->need == DOCTOR_ONE_STACK) {
			needs_stack = true;
			stacks = stacks || finding->ok;
		}
	}
	if (needs_stack && !stacks)
		report->works = false;
	doctor_close(&doctor);
}

static const char *status_word(const struct doctor_finding *finding)
{
	return finding->ok ? "ok" : finding->skipped ? "skipped" : "lack";
}

static void set_text(json_t *object, const char *key, const char *text)
{
	_cleanup_free_ char *shown = text ? text_escape(text) : NULL;
	if (shown)
		json_object_set_new(object, key, json_string(shown));
}

static int print_json(const struct report *report, const struct utsname *host)
{
	json_t *root = json_object(), *checks = json_array();

	set_text(root, "version", PACKAGE_VERSION);
	set_text(root, "kernel", host->release);
	set_text(root, "machine", host->machine);
	json_object_set_new(root, "works", json_boolean(report->works));
	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_finding *finding = &report->findings[i];
		json_t *entry = json_object();
		set_text(entry, "name", doctor_checks[i].name);
		set_text(entry, "title", doctor_checks[i].title);
		set_text(entry, "status", status_word(finding));
		json_object_set_new(entry, "needed", json_boolean(doctor_checks[i].need == DOCTOR_NEEDED));
		set_text(entry, "found", finding->found);
		set_text(entry, "costs", finding->costs);
		set_text(entry, "mend", finding->mend);
		json_array_append_new(checks, entry);
	}
	json_object_set_new(root, "checks", checks);
	int r = json_dumpf(root, stdout, JSON_INDENT(2));
	json_decref(root);
	return r < 0 || putchar('\n') == EOF ? -1 : 0;
}

static void print_line(const char *label, const char *text)
{
	_cleanup_free_ char *shown = text_escape(text);
	printf("           %s %s\n", label, shown);
}

static void print_text(const struct report *report, const struct utsname *host)
{
	printf("sbx %s, Linux %s, %s\n\n", PACKAGE_VERSION, host->release, host->machine);
	for (size_t i = 0; i < report->n; i++) {
		const struct doctor_finding *finding = &report->findings[i];
		_cleanup_free_ char *found = text_escape(finding->found);
		printf("%-9s  %-18s %s\n",
			finding->ok        ? "ok"
			: finding->skipped ? "-"
					   : "LACKING",
			doctor_checks[i].title, found);
		if (finding->costs)
			print_line("costs:", finding->costs);
		if (finding->mend)
			print_line("mend: ", finding->mend);
	}
	puts(report->works ? "\nsbx run works here." : "\nsbx run cannot work here before what is needed is mended.");
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	int operand;
	struct utsname host;
	struct report report = {0};

	enum cli_parsed parsed = cli_parse("doctor", false, argc, argv, handle_option, &json, &operand);
	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? CLI_OK : CLI_USAGE;
	if (operand < argc)
		return cli_usage_error("doctor", "there is nothing to name: '%s'", argv[operand]);
	uname(&host); /* fails for a bad address alone */
	look_at_all(&report);
	int r = 0;
	if (json)
		r = print_json(&report, &host);
	else
		print_text(&report, &host);
	for (size_t i = 0; i < report.n; i++)
		doctor_finding_clear(&report.findings[i]);
	if (r < 0 || fflush(stdout) != 0) {
		cli_error("standard output takes no more");
		return CLI_FAILED;
	}
	return report.works ? CLI_OK : CLI_FAILED;
}
