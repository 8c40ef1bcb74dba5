/* SPDX-License-Identifier: Apache-2.0 */

/* gen-keys - the list of keys of sbx.ini(5) as scdoc(5), from the key table.  Runs when sbx is built. */

#include <stdio.h>
#include <string.h>
#include "sbx/profile.h"

static const struct {
	const char *section, *text;
} sections[] = {
	{"Sandbox", "What it runs on."},
	{"Exec", "The program."},
	{"Files", "What of the host's files is to be seen."},
	{"Network", "What it may reach."},
	{"Security", "Ids, capabilities, system calls."},
	{"Limits", "How much it may use.  Names as in systemd.resource-control(5) and systemd.exec(5)."},
	{"Desktop", "The user's desktop."},
	{"SessionBus", "The user's D-Bus, as xdg-dbus-proxy(1) filters it."},
	{"SystemBus", "The system's D-Bus."},
};

static const char *const type_names[] = {
	[KEY_STRING] = "text",
	[KEY_PATH] = "host path",
	[KEY_INSIDE] = "path inside",
	[KEY_BOOL] = "yes or no",
	[KEY_INT] = "number",
	[KEY_MODE] = "octal number",
	[KEY_PERCENT] = "percent",
	[KEY_SIZE] = "size",
	[KEY_TIME] = "time",
	[KEY_SIGNAL] = "signal",
	[KEY_ENUM] = "one of",
	[KEY_COMMAND] = "command line",
	[KEY_LIST] = "list",
};

/* scdoc takes these for markup. */
static void put(const char *text)
{
	for (; *text; text++) {
		if (strchr("*_\\`#[]<>~", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void put_key(const struct key_info *key)
{
	printf("*%s=* (%s", key->name, type_names[key->type]);
	for (size_t i = 0; key->choices && key->choices[i]; i++) {
		printf("%s", i ? ", " : key->type == KEY_ENUM ? " " : " of ");
		put(key->choices[i]);
	}
	printf(")\n\t");
	put(key->help);
	printf(".");
	if (*key->default_text) {
		printf(" Default: ");
		put(key->default_text);
		printf(".");
	}
	for (size_t i = 0; key->aliases[i]; i++)
		printf("%s%s", i ? ", " : " Also written ", key->aliases[i]);
	printf("%s%s\n\n", key->aliases[0] ? "." : "",
		key->supported ? "" : " Read and checked, but not in this build yet: *sbx run* refuses it.");
}

int main(void)
{
	printf("# KEYS\n\n");
	for (size_t s = 0; s < sizeof sections / sizeof *sections; s++) {
		printf("## \\[%s\\]\n\n", sections[s].section);
		put(sections[s].text);
		printf("\n\n");
		for (int k = 0; k < PROFILE_N_KEYS; k++) {
			const struct key_info *key = profile_key_info((enum profile_key)k);
			if (strcmp(key->section, sections[s].section) == 0)
				put_key(key);
		}
	}
	return ferror(stdout) || fflush(stdout) != 0;
}
