/* SPDX-License-Identifier: Apache-2.0 */

/* Unit tests of the loop: who is called, how often, and how long it sleeps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "sbx/cleanup.h"
#include "src/netd/loop.h"

#define GUESTS 300

static struct loop *loop;
static int pipes[3][2]; /* readable from the start */
static struct loop_watch watches[3];
static unsigned called[3];
static char order[16]; /* of what was called */
static size_t n_order;

static int setup(void **state)
{
	(void)state;
	loop = loop_new();
	memset(called, 0, sizeof called);
	memset(order, 0, sizeof order);
	n_order = 0;
	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++)
		if (pipe(pipes[i]) < 0 || write(pipes[i][1], "x", 1) != 1)
			return -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	return 0;
}

static void watch(size_t i, void (*ready)(void *data, short revents))
{
	watches[i] = (struct loop_watch){pipes[i][0], POLLIN, ready, &called[i]};
	loop_add(loop, &watches[i]);
}

static void count(void *data, short revents)
{
	assert_true(revents & POLLIN);
	++*(unsigned *)data;
}

static void count_and_end(void *data, short revents)
{
	count(data, revents);
	loop_end(loop);
}

static void a_watch_is_told_of_what_it_waits_for(void **state)
{
	(void)state;
	watch(0, count);
	watch(1, count);
	watches[1].events = 0;
	watch(2, count_and_end);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(called[0], 1);
	assert_int_equal(called[1], 0);
	watches[1].events = POLLIN;
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(called[0], 2);
	assert_int_equal(called[1], 1);
}

static void remove_all(void *data, short revents)
{
	count(data, revents);
	for (size_t i = 0; i < ARRAY_SIZE(watches); i++)
		loop_remove(loop, &watches[i]);
}

static void end_by_timer(void *data)
{
	order[n_order++] = *(const char *)data;
	loop_end(loop);
}

static void a_watch_that_another_one_removes_is_not_told_in_the_same_turn(void **state)
{
	(void)state;
	struct loop_timer timer = {loop_now_ms() + 20, end_by_timer, "e"};
	watch(0, remove_all);
	watch(1, count);
	watch(2, count);
	loop_add_timer(loop, &timer);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(called[0], 1);
	assert_int_equal(called[1], 0);
	assert_int_equal(called[2], 0);
	assert_string_equal(order, "e");
}

static void add_another(void *data, short revents)
{
	count(data, revents);
	loop_remove(loop, &watches[0]);
	for (size_t i = 1; i < ARRAY_SIZE(watches); i++)
		watch(i, i == 2 ? count_and_end : count);
}

static void a_watch_may_add_others_which_are_told_from_the_next_turn_on(void **state)
{
	(void)state;
	watch(0, add_another);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(called[0], 1);
	assert_int_equal(called[1], 1);
	assert_int_equal(called[2], 1);
}

static void nothing_is_told_after_the_end(void **state)
{
	(void)state;
	watch(0, count_and_end);
	watch(1, count);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(called[1], 0);
}

static void note(void *data)
{
	order[n_order++] = *(const char *)data;
}

static void timers_fire_when_they_are_due_and_once(void **state)
{
	(void)state;
	uint64_t now = loop_now_ms();
	struct loop_timer timers[] = {
		{now + 60, end_by_timer, "c"}, {now + 30, note, "b"}, {now + 1, note, "a"}, {0, note, "never"}};
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		loop_add_timer(loop, &timers[i]);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_string_equal(order, "abc");
	assert_true(loop_now_ms() >= now + 60);
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		assert_int_equal(timers[i].due_ms, 0);
	timers[0].due_ms = loop_now_ms();
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_string_equal(order, "abcc");
}

static struct loop_timer removed;

static void remove_timer(void *data)
{
	note(data);
	loop_remove_timer(loop, &removed);
}

static void a_timer_that_another_one_removes_does_not_fire(void **state)
{
	(void)state;
	uint64_t now = loop_now_ms();
	struct loop_timer first = {now, remove_timer, "r"}, last = {now + 10, end_by_timer, "e"};
	removed = (struct loop_timer){now, note, "x"};
	loop_add_timer(loop, &first);
	loop_add_timer(loop, &removed);
	loop_add_timer(loop, &last);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_string_equal(order, "re");
}

/* A guest that waits for the first pipe as often as it likes. */
static struct {
	int timeout_ms, indices[GUESTS];
	unsigned polled, readable;
} guest_seen;

static void guest_fill(void *data, struct loop *at, int *timeout_ms)
{
	guest_seen.timeout_ms = *timeout_ms;
	for (size_t i = 0; i < GUESTS; i++)
		guest_seen.indices[i] = loop_guest_add(at, pipes[0][0], i % 3 == 0 ? POLLIN : 0);
	*timeout_ms = *(const int *)data;
}

static void guest_polled(void *data, struct loop *at, bool failed)
{
	(void)data;
	assert_false(failed);
	guest_seen.polled++;
	for (size_t i = 0; i < GUESTS; i++)
		guest_seen.readable += (loop_guest_revents(at, guest_seen.indices[i]) & POLLIN) != 0;
	assert_int_equal(loop_guest_revents(at, -1), 0);
	loop_end(loop);
}

static void a_guest_is_told_of_each_of_its_descriptors(void **state)
{
	(void)state;
	int wanted = -1;
	const struct loop_guest guest = {guest_fill, guest_polled, &wanted};
	memset(&guest_seen, 0, sizeof guest_seen);
	assert_int_equal(loop_run(loop, &guest), 0);
	assert_int_equal(guest_seen.readable, GUESTS / 3);
}

static void without_deadline_it_would_sleep_for_ever_and_else_until_it(void **state)
{
	(void)state;
	int wanted = 0;
	const struct loop_guest guest = {guest_fill, guest_polled, &wanted};
	struct loop_timer timer = {0, note, "t"};
	loop_add_timer(loop, &timer);
	assert_int_equal(loop_run(loop, &guest), 0);
	assert_int_equal(guest_seen.timeout_ms, -1);
	timer.due_ms = loop_now_ms() + 100000;
	assert_int_equal(loop_run(loop, &guest), 0);
	assert_in_range(guest_seen.timeout_ms, 90000, 100000);
	timer.due_ms = 1;
	assert_int_equal(loop_run(loop, &guest), 0);
	assert_int_equal(guest_seen.timeout_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_watch_is_told_of_what_it_waits_for, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_watch_that_another_one_removes_is_not_told_in_the_same_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_watch_may_add_others_which_are_told_from_the_next_turn_on, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_told_after_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(timers_fire_when_they_are_due_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timer_that_another_one_removes_does_not_fire, setup, teardown),
		cmocka_unit_test_setup_teardown(a_guest_is_told_of_each_of_its_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_deadline_it_would_sleep_for_ever_and_else_until_it, setup, teardown),
	};
	return cmocka_run_group_tests_name("the loop", tests, NULL, NULL);
}
