/* SPDX-License-Identifier: Apache-2.0 */

/* sbx stats: what sandboxes use of what their limits give them, from the files of their cgroups. */

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "commands.h"
#include "print.h"
#include "sbx/cgroupfs.h"
#include "sbx/cleanup.h"
#include "sbx/state.h"
#include "sbx/str.h"

#define SAMPLE_MS 1000
#define HISTORY_LEN 20
#define UNKNOWN UINT64_MAX

enum { OPT_FORMAT = 1, OPT_NO_STREAM };

const struct cli_option stats_options[] = {
	{"format", 0, CLI_ARG_CHOICE, "text|json", "for people, or one JSON document", OPT_FORMAT, NULL},
	{"no-stream", 0, CLI_ARG_NONE, NULL, "once, also on a terminal", OPT_NO_STREAM, NULL},
	{NULL, 0, CLI_ARG_NONE, NULL, NULL, 0, NULL},
};

/* What the kernel has counted; UNKNOWN where it counts nothing or there is no limit. */
struct sample {
	uint64_t time_us, cpu_us, throttled_us;
	uint64_t memory, memory_peak, memory_max, oom_kills;
	uint64_t tasks, tasks_max, tasks_refused;
	uint64_t read_bytes, written_bytes;
	double pressure; /* percent of the last 10 s in which something waited for memory; < 0: unknown */
};

struct watched {
	char *name;
	bool running, counted;
	int cgroup_fd;
	struct sample before, now;
	unsigned char history[HISTORY_LEN]; /* percent of one processor, at most 255; the last is the newest */
};

struct stats {
	bool json, no_stream, all;
	struct watched *list;
	size_t n;
};

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* io_sum - of all disks, the number behind NAME= in io.stat. */
static uint64_t io_sum(int fd, const char *name)
{
	_cleanup_free_ char *text = cgroup_read(fd, "io.stat");
	uint64_t sum = 0;
	if (!text)
		return UNKNOWN;
	for (const char *at = text; (at = strstr(at, name)); at += strlen(name))
		sum += strtoull(at + strlen(name), NULL, 10);
	return sum;
}

static double pressure(int fd)
{
	double value;
	_cleanup_free_ char *text = cgroup_read(fd, "memory.pressure");
	return text && sscanf(text, "some avg10=%lf", &value) == 1 ? value : -1;
}

static void sample_take(struct watched *w)
{
	int fd = w->cgroup_fd;
	w->before = w->now;
	w->now = (struct sample){
		.time_us = now_us(),
		.cpu_us = cgroup_field(fd, "cpu.stat", "usage_usec"),
		.throttled_us = cgroup_field(fd, "cpu.stat", "throttled_usec"),
		.memory = cgroup_number(fd, "memory.current"),
		.memory_peak = cgroup_number(fd, "memory.peak"),
		.memory_max = cgroup_number(fd, "memory.max"),
		.oom_kills = cgroup_field(fd, "memory.events", "oom_kill"),
		.tasks = cgroup_number(fd, "pids.current"),
		.tasks_max = cgroup_number(fd, "pids.max"),
		.tasks_refused = cgroup_field(fd, "pids.events", "max"),
		.read_bytes = io_sum(fd, "rbytes="),
		.written_bytes = io_sum(fd, "wbytes="),
		.pressure = pressure(fd),
	};
	w->running = w->now.cpu_us != UNKNOWN;
}

/* cpu_percent - of one processor, between the last two samples; < 0: unknown. */
static double cpu_percent(const struct watched *w)
{
	uint64_t us = w->now.time_us - w->before.time_us;
	if (!w->counted || !w->running || w->before.time_us == 0 || us == 0)
		return -1;
	return 100.0 * (double)(w->now.cpu_us - w->before.cpu_us) / (double)us;
}

static void history_add(struct watched *w)
{
	double percent = cpu_percent(w);
	memmove(w->history, w->history + 1, HISTORY_LEN - 1);
	w->history[HISTORY_LEN - 1] = percent < 0 ? 0 : percent > 255 ? 255 : (unsigned char)percent;
}

static int watch(struct stats *s, const char *name, struct sbx_err *err)
{
	struct state_record record;
	int r = state_read(name, &record, err);
	if (r < 0)
		return r;
	s->list = xrealloc(s->list, s->n + 1, sizeof *s->list);
	struct watched *w = &s->list[s->n++];
	*w = (struct watched){
		.name = xstrdup(name), .running = true, .counted = record.cgroup[0] != '\0', .cgroup_fd = -1};
	if (w->counted)
		w->cgroup_fd = cgroup_open(record.cgroup, err);
	return w->counted && w->cgroup_fd < 0 ? w->cgroup_fd : 0;
}

static void stats_clear(struct stats *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->list[i].name);
		cleanup_close(&s->list[i].cgroup_fd);
	}
	cleanup_free(&s->list);
	s->n = 0;
}

static void sample_all(struct stats *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].counted) {
			sample_take(&s->list[i]);
			history_add(&s->list[i]);
		}
}

/* bytes_text - "12.3M"; "-" unknown. */
static const char *bytes_text(uint64_t bytes, char ret[static 24])
{
	static const char units[] = "BKMGT";
	double value = (double)bytes;
	size_t unit = 0;
	for (; value >= 1024 && unit + 2 < sizeof units; unit++)
		value /= 1024;
	if (bytes == UNKNOWN)
		snprintf(ret, 24, "-");
	else
		snprintf(ret, 24, unit ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return ret;
}

static void print_history(const struct watched *w)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	for (size_t i = 0; i < HISTORY_LEN; i++) {
		size_t level = (size_t)w->history[i] * ARRAY_SIZE(bars) / 100;
		fputs(bars[level < ARRAY_SIZE(bars) ? level : ARRAY_SIZE(bars) - 1], stdout);
	}
}

static void print_one(const struct watched *w, bool with_history)
{
	char memory[24], peak[24], max[24], in[24], out[24], cpu[16] = "-", throttled[24] = "-", tasks[48] = "-",
							     psi[16] = "-";
	if (!w->counted) {
		printf("%-20s no limits: nothing is counted\n", w->name);
		return;
	}
	if (cpu_percent(w) >= 0)
		snprintf(cpu, sizeof cpu, "%.1f%%", cpu_percent(w));
	if (w->now.throttled_us != UNKNOWN)
		snprintf(throttled, sizeof throttled, "%.1fs", (double)w->now.throttled_us / 1e6);
	if (w->now.tasks != UNKNOWN && w->now.tasks_max != UNKNOWN)
		snprintf(tasks, sizeof tasks, "%" PRIu64 "/%" PRIu64 "%s", w->now.tasks, w->now.tasks_max,
			w->now.tasks_refused != UNKNOWN && w->now.tasks_refused > 0 ? "!" : "");
	else if (w->now.tasks != UNKNOWN)
		snprintf(tasks, sizeof tasks, "%" PRIu64, w->now.tasks);
	if (w->now.pressure >= 0)
		snprintf(psi, sizeof psi, "%.1f%%", w->now.pressure);
	printf("%-20s %8s %9s %9s %9s %9s %11s %9s %9s %8s ", w->name, cpu, throttled,
		bytes_text(w->now.memory, memory), bytes_text(w->now.memory_peak, peak),
		bytes_text(w->now.memory_max, max), tasks, bytes_text(w->now.read_bytes, in),
		bytes_text(w->now.written_bytes, out), psi);
	if (with_history)
		print_history(w);
	putchar('\n');
}

static void print_table(const struct stats *s, bool with_history)
{
	printf("%-20s %8s %9s %9s %9s %9s %11s %9s %9s %8s\n", "NAME", "CPU", "THROTTLED", "MEMORY", "PEAK", "LIMIT",
		"TASKS", "READ", "WRITTEN", "PRESSURE");
	for (size_t i = 0; i < s->n; i++)
		print_one(&s->list[i], with_history);
}

static void set_count(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, value == UNKNOWN ? json_null() : json_integer((json_int_t)value));
}

/* Fields, stable: name, counted, cpu_percent, cpu_usec, throttled_usec, memory_bytes, memory_peak_bytes,
 * memory_max_bytes, oom_kills, tasks, tasks_max, tasks_refused, read_bytes, written_bytes, memory_pressure_percent;
 * null where there is no limit or the kernel does not count it. */
static int print_document(const struct stats *s)
{
	json_auto_t *array = json_array();
	for (size_t i = 0; i < s->n; i++) {
		const struct watched *w = &s->list[i];
		json_t *object = json_object();
		json_object_set_new(object, "name", json_string(w->name));
		json_object_set_new(object, "counted", json_boolean(w->counted));
		json_array_append_new(array, object);
		if (!w->counted)
			continue;
		json_object_set_new(
			object, "cpu_percent", cpu_percent(w) < 0 ? json_null() : json_real(cpu_percent(w)));
		set_count(object, "cpu_usec", w->now.cpu_us);
		set_count(object, "throttled_usec", w->now.throttled_us);
		set_count(object, "memory_bytes", w->now.memory);
		set_count(object, "memory_peak_bytes", w->now.memory_peak);
		set_count(object, "memory_max_bytes", w->now.memory_max);
		set_count(object, "oom_kills", w->now.oom_kills);
		set_count(object, "tasks", w->now.tasks);
		set_count(object, "tasks_max", w->now.tasks_max);
		set_count(object, "tasks_refused", w->now.tasks_refused);
		set_count(object, "read_bytes", w->now.read_bytes);
		set_count(object, "written_bytes", w->now.written_bytes);
		json_object_set_new(object, "memory_pressure_percent",
			w->now.pressure < 0 ? json_null() : json_real(w->now.pressure));
	}
	if (json_dumpf(array, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	return print_flush();
}

static void pause_sample(void)
{
	nanosleep(&(struct timespec){.tv_sec = SAMPLE_MS / 1000, .tv_nsec = SAMPLE_MS % 1000 * 1000000L}, NULL);
}

static bool any_running(const struct stats *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].counted && s->list[i].running)
			return true;
	return false;
}

static int show(struct stats *s)
{
	bool stream = !s->json && !s->no_stream && isatty(1);
	sample_all(s);
	do {
		pause_sample();
		sample_all(s);
		if (stream)
			fputs("\033[H\033[2J", stdout);
		if (!s->json)
			print_table(s, stream);
		if (fflush(stdout) != 0)
			break;
	} while (stream && any_running(s));
	return s->json ? print_document(s) : print_flush();
}

static int take_option(const struct cli_option *option, const char *value, void *data, struct sbx_err *err)
{
	struct stats *s = data;
	if (option->id == OPT_FORMAT)
		return cli_format_parse(value, &s->json, err);
	s->no_stream = true;
	return 0;
}

int cmd_stats(int argc, char **argv)
{
	_cleanup_(stats_clear) struct stats s = {0};
	_cleanup_strv_ struct strv names = {0};
	struct sbx_err err = {0};
	int first;
	enum cli_parsed parsed = cli_parse("stats", false, argc, argv, take_option, &s, &first);
	if (parsed != CLI_PARSE_GO)
		return parsed == CLI_PARSE_HELP ? print_flush() : CLI_USAGE;
	s.all = first == argc;
	for (int i = first; i < argc; i++)
		strv_add(&names, argv[i]);
	if (s.all && state_names(&names, &err) < 0)
		return cli_fail(&err, CLI_FAILED);
	for (size_t i = 0; i < names.n; i++)
		/* One that has ended since they were listed is none to speak of. */
		if (watch(&s, names.v[i], &err) < 0 && !(s.all && err.code == -ENOENT))
			return cli_fail(&err, CLI_FAILED);
	return show(&s);
}
