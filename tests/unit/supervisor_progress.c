/* The live line's text and its rate. */
#include "supervisor/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

static void expect(int64_t step, int64_t total, double per_second, const char *wanted)
{
    char text[160];
    progress_text(text, sizeof text, "ldr_kl seed 2", 3, 4, step, total,
                  &(progress_rate){.at = 1, .per_second = per_second, .step = step});
    assert_string_equal(text, wanted);
}

static void says_what_is_known(void **state)
{
    (void)state;
    expect(0, 0, 0, "ldr_kl seed 2  [3/4]");
    expect(7, 0, 0, "ldr_kl seed 2  [3/4]  step 7");
    expect(1200, 2814, 0, "ldr_kl seed 2  [3/4]  step 1200/2814");
    /* 1614 steps are left: 1614 / 201.75 = 8 s, 1614 / 10 = 161.4 -> 162 s, 1614 / 0.25 = 6456 s */
    expect(1200, 2814, 201.75, "ldr_kl seed 2  [3/4]  step 1200/2814  202 steps/s  left 0:08");
    expect(1200, 2814, 10, "ldr_kl seed 2  [3/4]  step 1200/2814  10 steps/s  left 2:42");
    expect(1200, 2814, 0.25, "ldr_kl seed 2  [3/4]  step 1200/2814  0.25 steps/s  left 1:47:36");
    expect(1200, 0, 10, "ldr_kl seed 2  [3/4]  step 1200  10 steps/s");
}

static void text_is_cut_to_its_room(void **state)
{
    (void)state;
    char text[24];
    memset(text, 'x', sizeof text);
    int length = progress_text(text, 16, "ldr_kl seed 2", 3, 4, 1200, 2814, &(progress_rate){0});
    assert_string_equal(text, "ldr_kl seed 2  ");
    assert_int_equal(length, 36);
    assert_int_equal(text[16], 'x');
}

static void expect_pool(progress_pool p, const char *wanted)
{
    char text[160];
    assert_int_equal(progress_pool_text(text, sizeof text, &p), strlen(wanted));
    assert_string_equal(text, wanted);
}

static void says_how_far_a_pool_is(void **state)
{
    (void)state;
    expect_pool((progress_pool){.running = 2, .waiting = 38, .jobs = 2}, "0 of 40 done, 2 running");
    /* 25 waiting and 2 running of 10 s each, 8 s of them over: 262 s on two lanes, 131 s */
    expect_pool(
        (progress_pool){
            .done = 12, .failed = 1, .running = 2, .waiting = 25, .jobs = 2, .seconds = 10, .under_way = 8},
        "12 of 40 done, 1 failed, 2 running, left 2:11");
    /* the last one has a lane of its own; it takes longer than others did */
    expect_pool((progress_pool){.done = 39, .running = 1, .jobs = 2, .seconds = 10, .under_way = 4},
                "39 of 40 done, 1 running, left 0:06");
    expect_pool((progress_pool){.done = 39, .running = 1, .jobs = 2, .seconds = 10, .under_way = 40},
                "39 of 40 done, 1 running, left 0:00");
    expect_pool((progress_pool){.done = 3, .jobs = 2, .seconds = 10}, "3 of 3 done, left 0:00");
}

/* A terminal of 20 columns and 4 rows, and what was written to it. */
static void a_block_is_refreshed_and_leaves_nothing(void **state)
{
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    FILE *f = fopen(ptsname(master), "r+");
    assert_non_null(f);
    ioctl(master, TIOCSWINSZ, &(struct winsize){.ws_row = 4, .ws_col = 20});
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    progress p;
    progress_open(&p, f);
    assert_true(p.terminal);
    progress_live(&p, "two runs\na first run of many columns");
    assert_int_equal(p.shown, 2);
    progress_live(&p, "1\n2\n3\n4\n5"); /* no more than fits, or it would scroll */
    assert_int_equal(p.shown, 3);
    progress_say(&p, "stays");
    assert_int_equal(p.shown, 0);
    progress_clear(&p);
    char got[512] = "";
    ssize_t n;
    for (size_t at = 0; !strstr(got, "stays\r\n"); at += (size_t)n) { /* a terminal passes on in pieces */
        assert_int_equal(poll(&(struct pollfd){.fd = master, .events = POLLIN}, 1, 5000), 1);
        n = read(master, got + at, sizeof got - 1 - at);
        assert_true(n > 0);
    }
    assert_string_equal(got, "\rtwo runs\033[K\r\na first run of many\033[K\033[J"
                             "\033[1A\r1\033[K\r\n2\033[K\r\n3\033[K\033[J"
                             "\033[2A\r\033[Jstays\r\n");
    fclose(f);
    close(master);
}

static void measures_steps_a_second(void **state)
{
    (void)state;
    progress_rate r = {0};
    progress_measure(&r, 100, 10.0);
    assert_float_equal(r.per_second, 0, 0);
    progress_measure(&r, 110, 10.1); /* too soon to say */
    assert_float_equal(r.per_second, 0, 0);
    progress_measure(&r, 150, 10.5); /* 50 steps in 0.5 s */
    assert_float_equal(r.per_second, 100, 1e-9);
    progress_measure(&r, 350, 12.5); /* the same speed: 200 in 2 s */
    assert_float_equal(r.per_second, 100, 1e-9);
    progress_measure(&r, 350, 14.5); /* stands still for 2 s: falls to 100 / e */
    assert_float_equal(r.per_second, 36.787944117, 1e-6);
    progress_measure(&r, 5, 15); /* starts over */
    assert_float_equal(r.per_second, 0, 0);
}

static void plain_lines_where_there_is_no_terminal(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *f = tmpfile();
    progress p;
    progress_open(&p, f);
    progress_live(&p, "not here");
    char word[16];
    progress_say(&p, "run 1 %s", progress_bad(&p, "crashed", word, sizeof word));
    progress_clear(&p);
    rewind(f);
    size = 0;
    assert_int_equal(getline(&text, &size, f), strlen("run 1 crashed\n"));
    assert_string_equal(text, "run 1 crashed\n");
    assert_int_equal(getc(f), EOF);
    free(text);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_known),      cmocka_unit_test(text_is_cut_to_its_room),
        cmocka_unit_test(says_how_far_a_pool_is),  cmocka_unit_test(a_block_is_refreshed_and_leaves_nothing),
        cmocka_unit_test(measures_steps_a_second), cmocka_unit_test(plain_lines_where_there_is_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
