/* Hashes with known answers, the first error, and near names. */
#include "base/error.h"
#include "base/hash.h"
#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* FIPS 180-2, appendix B, and the empty message. */
#define SHA_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA_MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void hash_of_bytes(void **state)
{
    (void)state;
    char hash[HASH_TEXT];
    hash_bytes("", 0, hash);
    assert_string_equal(hash, SHA_EMPTY);
    hash_bytes("abc", 3, hash);
    assert_string_equal(hash, SHA_ABC);
}

static void hash_of_files(void **state)
{
    (void)state;
    enum { N = 1000000 }; /* more than one read */
    char path[] = "/tmp/assay_hash_XXXXXX", hash[HASH_TEXT], *text = malloc(N);
    memset(text, 'a', N);
    int fd = mkstemp(path);
    as_error e = {0};
    assert_true(hash_file(path, hash, &e));
    assert_string_equal(hash, SHA_EMPTY);
    assert_int_equal(write(fd, text, N), N);
    assert_true(hash_file(path, hash, &e));
    assert_string_equal(hash, SHA_MILLION_A);
    close(fd);
    unlink(path);
    free(text);
}

static void hash_of_no_file(void **state)
{
    (void)state;
    char hash[HASH_TEXT];
    as_error e = {0};
    assert_false(hash_file("/nonexistent/x", hash, &e));
    assert_string_equal(e.text, "cannot read /nonexistent/x: No such file or directory");
    e.text[0] = 0;
    assert_false(hash_file("/tmp", hash, &e));
    assert_string_equal(e.text, "cannot read /tmp: Is a directory");
}

static void first_error_wins(void **state)
{
    (void)state;
    as_error e = {0};
    assert_false(error_set(&e, "%s has %d", "x", 3));
    assert_false(error_set(&e, "and later this"));
    assert_string_equal(e.text, "x has 3");
}

static void long_error_is_cut(void **state)
{
    (void)state;
    as_error e = {0};
    error_set(&e, "%2000d", 1);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

static void near_names(void **state)
{
    (void)state;
    static const char *const names[] = {"epsilon", "lam0", "lr", "momentum"};
    static const char *const cases[][2] = {
        {"epsilom", "epsilon"}, /* one replaced */
        {"espilon", "epsilon"}, /* neighbours swapped: one edit */
        {"epslon", "epsilon"},  /* one missing */
        {"momentumm", "momentum"}, {"lam", "lam0"}, {"rl", "lr"}, {"lr", "lr"},
        {"weight_decay", NULL},    {"x", NULL},     {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = suggest(cases[i][0], names, 4);
        if (cases[i][1]) {
            assert_non_null(found);
            assert_string_equal(found, cases[i][1]);
        } else if (found) {
            fail_msg("\"%s\" is not meant by \"%s\"", found, cases[i][0]);
        }
    }
}

static void nearest_of_several(void **state)
{
    (void)state;
    static const char *const names[] = {"learning_rat", "learning_rata", "learning_rates"};
    assert_string_equal(suggest("learning_rate", names, 3),
                        "learning_rat"); /* all one edit away: the first */
    static const char *const far_first[] = {"lorning_rote", "learning_rates"};
    assert_string_equal(suggest("learning_rate", far_first, 2), "learning_rates");
    assert_null(suggest("lr", names, 0));
    char word[200] = {0};
    memset(word, 'a', sizeof word - 1);
    assert_null(suggest(word, names, 3)); /* too long to be a name: no crash */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_of_bytes),      cmocka_unit_test(hash_of_files),
        cmocka_unit_test(hash_of_no_file),    cmocka_unit_test(first_error_wins),
        cmocka_unit_test(long_error_is_cut),  cmocka_unit_test(near_names),
        cmocka_unit_test(nearest_of_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
