/* SPDX-License-Identifier: Apache-2.0 */

/* interleave ROUNDS BASE FILE - time commands in turns, so that whatever else the machine does meets all of them alike.
 * FILE has a line a command, NAME<TAB>COMMAND, run by exec through /bin/sh -c "exec COMMAND"; each must write
 * something. Each round runs every command once, in an order drawn anew, after a pause: the kernel takes namespaces
 * apart after their last process has ended, and a command that always ran behind the same other one would pay for that
 * one's. Prints two tables, one of the time to the command's first byte and one to its end: the median, the lowest, and
 * the median of the per-round ratios to the command named BASE.  A command that fails ends the bench: a failed start is
 * no measurement. */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 32
#define SETTLE_MS 30

extern char **environ;

struct command {
	char *name, *line;
	double *first_ms, *ms; /* to the first byte, to the end; one a round */
};

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* first_byte - the time until @fd has something; reads on to the end.  < 0: it never had. */
static double first_byte(int fd, double start)
{
	char bytes[4096];
	double first = -1;
	for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) != 0;) {
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0 && first < 0)
			first = now_ms() - start;
	}
	return first;
}

static bool run_once(const struct command *c, double *ret_first_ms, double *ret_ms)
{
	char script[8192];
	int out[2], status = 1;
	snprintf(script, sizeof script, "exec %s", c->line);
	char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", script, NULL};
	posix_spawn_file_actions_t actions;
	if (pipe2(out, O_CLOEXEC) < 0)
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	double start = now_ms();
	pid_t pid;
	int r = posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ);
	close(out[1]);
	*ret_first_ms = r == 0 ? first_byte(out[0], start) : -1;
	close(out[0]);
	bool ok = r == 0 && waitpid(pid, &status, 0) == pid && status == 0 && *ret_first_ms >= 0;
	*ret_ms = now_ms() - start;
	posix_spawn_file_actions_destroy(&actions);
	if (!ok)
		fprintf(stderr, "interleave: %s failed with status %#x, or wrote nothing: %s\n", c->name,
			(unsigned)status, c->line);
	return ok;
}

static void draw_order(size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t j = (size_t)rand() % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(const double *values, size_t n)
{
	double sorted[4096];
	memcpy(sorted, values, n * sizeof *values);
	qsort(sorted, n, sizeof *sorted, compare);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static size_t read_commands(const char *path, struct command *commands, size_t rounds)
{
	size_t n = 0;
	char line[8192];
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	while (n < COMMANDS_MAX && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		char *tab = strchr(line, '\t');
		if (!tab)
			continue;
		*tab = '\0';
		commands[n++] = (struct command){
			strdup(line), strdup(tab + 1), calloc(rounds, sizeof(double)), calloc(rounds, sizeof(double))};
	}
	fclose(f);
	return n;
}

static double *times_of(const struct command *c, bool first)
{
	return first ? c->first_ms : c->ms;
}

static void report(const struct command *commands, size_t n, size_t rounds, const struct command *base, bool first)
{
	printf("%-28s %10s %10s %10s\n", first ? "to the first byte" : "to the end", "median ms", "lowest ms", "ratio");
	for (size_t i = 0; i < n; i++) {
		const double *ms = times_of(&commands[i], first);
		double ratios[4096], lowest = ms[0];
		for (size_t r = 0; r < rounds; r++) {
			ratios[r] = ms[r] / times_of(base, first)[r];
			lowest = ms[r] < lowest ? ms[r] : lowest;
		}
		printf("%-28s %10.2f %10.2f %10.2f\n", commands[i].name, median(ms, rounds), lowest,
			median(ratios, rounds));
	}
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX] = {0};
	size_t rounds = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
	if (rounds == 0 || rounds > 4096) {
		fprintf(stderr, "usage: interleave ROUNDS BASE FILE\n");
		return 2;
	}
	size_t n = read_commands(argv[3], commands, rounds);
	const struct command *base = NULL;
	for (size_t i = 0; i < n; i++)
		base = strcmp(commands[i].name, argv[2]) == 0 ? &commands[i] : base;
	if (!base) {
		fprintf(stderr, "interleave: %s: no command named %s\n", argv[3], argv[2]);
		return 2;
	}
	for (size_t r = 0; r <= rounds; r++) { /* the first round warms the caches and does not count */
		size_t order[COMMANDS_MAX];
		draw_order(order, n);
		for (size_t i = 0; i < n; i++) {
			struct command *c = &commands[order[i]];
			nanosleep(&(struct timespec){.tv_nsec = SETTLE_MS * 1000000L}, NULL);
			if (!run_once(c, &c->first_ms[r ? r - 1 : 0], &c->ms[r ? r - 1 : 0]))
				return 1;
		}
	}
	report(commands, n, rounds, base, true);
	report(commands, n, rounds, base, false);
	return 0;
}
