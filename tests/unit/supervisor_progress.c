/* The live line's text and its rate. */
#include "supervisor/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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
        cmocka_unit_test(says_what_is_known),
        cmocka_unit_test(text_is_cut_to_its_room),
        cmocka_unit_test(measures_steps_a_second),
        cmocka_unit_test(plain_lines_where_there_is_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
