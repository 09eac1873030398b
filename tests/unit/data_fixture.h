/* What tests of data files share: a folder of their own, files made of bytes, the last error's text. */
#ifndef ASSAY_TESTS_DATA_FIXTURE_H
#define ASSAY_TESTS_DATA_FIXTURE_H

#include "data/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Tests run in a fresh folder, so that messages hold the short names they open. */
static inline int fixture_enter(void **state)
{
    static char folder[] = "/tmp/assay_data_XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    *state = folder;
    return 0;
}

static inline int fixture_leave(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", (char *)*state);
    return chdir("/") | system(command);
}

static inline void fixture_file(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* A string literal with its zero bytes, without the last. */
#define FILE_OF(name, literal) fixture_file(name, literal, sizeof(literal) - 1)

static inline void is_text(const as_error *e, const char *expected)
{
    assert_string_equal(e->text, expected);
}

static const data_wish wish_f32 = {.real = AS_F32, .whole = AS_I64};

#endif
