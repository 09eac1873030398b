/* The table of known data sets, where data lies, and whether a file is the right one. */
#include "data_fixture.h"

#include "data/sets.h"

#include <sys/stat.h>

static void knows_names(void **state)
{
    (void)state;
    assert_ptr_equal(data_set_named("fashion-mnist"), &data_sets[0]);
    assert_ptr_equal(data_set_named("fashion_mnist"), &data_sets[0]);
    assert_null(data_set_named("fashion"));
    assert_null(data_set_named("fashion-mnist2"));
    assert_null(data_set_named(""));
}

/* Each row is what fetching relies on. */
static void the_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < data_set_count; i++) {
        const data_set *s = &data_sets[i];
        assert_ptr_equal(data_set_named(s->name), s);
        assert_true(s->n_files > 0 && s->address[0]);
        assert_true(!s->package == !s->package_folder);
        for (size_t k = 0; k < DATA_ADDRESSES && s->address[k]; k++) {
            assert_memory_equal(s->address[k], "http", 4);
            assert_int_equal(s->address[k][strlen(s->address[k]) - 1], '/');
        }
        for (size_t k = 0; k < s->n_files; k++) {
            assert_int_equal(strlen(s->files[k].sha256), 64);
            assert_int_equal(strspn(s->files[k].sha256, "0123456789abcdef"), 64);
        }
    }
}

static void searches_in_order(void **state)
{
    char folders[DATA_FOLDERS][DATA_PATH], path[DATA_PATH], text[512];
    setenv("ASSAY_DATA", "mine", 1);
    setenv("HOME", *state, 1);
    assert_int_equal(data_folders(folders), 3);
    assert_string_equal(folders[0], "mine");
    snprintf(path, sizeof path, "mine, %s/.cache/assay, /usr/share/datasets", (char *)*state);
    assert_string_equal(data_folders_text(folders, 3, text, sizeof text), path);
    unsetenv("ASSAY_DATA");
    assert_int_equal(data_folders(folders), 2);
    assert_int_equal(system("mkdir -p mine/s .cache/assay/s"), 0);
    assert_false(data_locate("s", "f", path));
    FILE_OF(".cache/assay/s/f", "cache");
    assert_true(data_locate("s", "f", path));
    assert_non_null(strstr(path, "/.cache/assay/s/f"));
    setenv("ASSAY_DATA", "mine", 1);
    FILE_OF("mine/s/f", "mine");
    assert_true(data_locate("s", "f", path));
    assert_string_equal(path, "mine/s/f");
}

/* sha256("abc"), from FIPS 180-2 */
static const data_file abc = {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3};

static void verifies_what_is_in_it(void **state)
{
    (void)state;
    as_error e = {{0}};
    FILE_OF("abc", "abc");
    assert_true(data_verify("abc", &abc, &e));
    assert_int_equal(system("gzip -1 -c abc > one.gz && gzip -9 -n -c abc > two.gz"), 0);
    assert_true(data_verify("one.gz", &abc, &e));
    assert_true(data_verify("two.gz", &abc, &e));
    FILE_OF("abd", "abd");
    assert_false(data_verify("abd", &abc, &e));
    is_text(
        &e,
        "abd: SHA-256 of its content is a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9, "
        "expected ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad: damaged, or another "
        "file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_names),
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(searches_in_order),
        cmocka_unit_test(verifies_what_is_in_it),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
