/* Data that a run read against what lies on disk now. Folders of images: data_images.c. */
#include "data_fixture.h"

#include "data/origin.h"

#include <sys/stat.h>
#include <utime.h>

static origin_memory memory;

static file_origin of(const char *text)
{
    file_origin o = {.bytes = strlen(text)};
    hash_bytes(text, strlen(text), o.sha256);
    return o;
}

static void files(void **state)
{
    (void)state;
    file_origin then = of("a,b\n1,2\n");
    assert_int_equal(origin_compare(&memory, "read_csv", "own.csv", &then), ORIGIN_GONE);
    FILE_OF("own.csv", "a,b\n1,2\n");
    assert_int_equal(origin_compare(&memory, "read_csv", "own.csv", &then), ORIGIN_SAME);
    assert_int_equal(origin_compare(&memory, "read_csv", "own.csv", &then), ORIGIN_SAME);
    assert_int_equal(memory.n, 1); /* hashed once */
    FILE_OF("own.csv", "a,b\n1,22\n");
    assert_int_equal(origin_compare(&memory, "read_csv", "own.csv", &then), ORIGIN_CHANGED);
    assert_int_equal(memory.n, 1); /* another length: not hashed */
    assert_int_equal(remove("own.csv"), 0);
    assert_int_equal(origin_compare(&memory, "read_csv", "own.csv", &then), ORIGIN_GONE);
    origin_forget(&memory);
}

/* As long as before, and as old as a program can make it look. */
static void a_disguised_edit(void **state)
{
    (void)state;
    file_origin then = of("1,2\n");
    struct stat before;
    FILE_OF("own.csv", "1,2\n");
    assert_int_equal(stat("own.csv", &before), 0);
    assert_int_equal(origin_compare(&memory, "read_csv", "own.csv", &then), ORIGIN_SAME);
    usleep(20000); /* a tick of the clock that stamps inodes */
    FILE_OF("own.csv", "1,3\n");
    assert_int_equal(utime("own.csv", &(struct utimbuf){before.st_atime, before.st_mtime}), 0);
    assert_int_equal(origin_compare(&memory, "read_csv", "own.csv", &then), ORIGIN_CHANGED);
    FILE_OF("other.csv", "1,2\n");
    assert_int_equal(rename("other.csv", "own.csv"), 0);
    assert_int_equal(origin_compare(&memory, "read_csv", "own.csv", &then), ORIGIN_SAME);
    origin_forget(&memory);
}

/* A data set's file is the one the next run would find. */
static void data_sets_move(void **state)
{
    (void)state;
    file_origin then = of("pixels");
    setenv("ASSAY_DATA", "here", 1);
    setenv("HOME", "/nonexistent", 1);
    assert_int_equal(system("mkdir -p here/two-moons there/two-moons"), 0);
    FILE_OF("here/two-moons/x", "pixels");
    FILE_OF("there/two-moons/x", "piXels");
    static const char path[] = "here/two-moons/x";
    assert_int_equal(origin_compare(&memory, "two_moons", path, &then), ORIGIN_SAME);
    setenv("ASSAY_DATA", "there", 1);
    assert_int_equal(origin_compare(&memory, "two_moons", path, &then), ORIGIN_CHANGED);
    FILE_OF("there/two-moons/x", "pixels");
    FILE_OF("here/two-moons/x", "piXels");
    assert_int_equal(origin_compare(&memory, "two_moons", path, &then), ORIGIN_SAME);
    assert_int_equal(remove("there/two-moons/x"), 0); /* nowhere else: where it was */
    assert_int_equal(origin_compare(&memory, "two_moons", path, &then), ORIGIN_CHANGED);
    assert_int_equal(remove(path), 0);
    assert_int_equal(origin_compare(&memory, "two_moons", path, &then), ORIGIN_GONE);
    /* a reader's path is its own, whatever the folder is called */
    FILE_OF("here/two-moons/x", "pixels");
    assert_int_equal(origin_compare(&memory, "read_csv", path, &then), ORIGIN_SAME);
    origin_forget(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(a_disguised_edit),
        cmocka_unit_test(data_sets_move),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
