/* .npy and idx files, byte by byte. */
#include "data_fixture.h"

#include <math.h>

/* ---- npy ---- */

/* Version 1 with this dictionary, blanks up to a multiple of 64, then the items. */
static void npy_file(const char *name, const char *dictionary, const void *items, size_t n)
{
    unsigned char bytes[1024] = "\x93NUMPY\x01";
    size_t length = strlen(dictionary), total = (10 + length + 1 + 63) / 64 * 64;
    memset(bytes + 10, ' ', total - 10);
    memcpy(bytes + 10, dictionary, length);
    bytes[8] = (unsigned char)(total - 10);
    bytes[total - 1] = '\n';
    memcpy(bytes + total, items, n);
    fixture_file(name, bytes, total + n);
}

#define NPY(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

static data_array npy_good(const char *dictionary, const void *items, size_t n, const data_wish *wish)
{
    data_array a;
    file_origin origin;
    as_error e = {{0}};
    npy_file("x.npy", dictionary, items, n);
    if (!npy_read("x.npy", wish, &a, &origin, &e))
        fail_msg("%s", e.text);
    return a;
}

static void npy_bad(const char *dictionary, const void *items, size_t n, const data_wish *wish,
                    const char *text)
{
    data_array a;
    file_origin origin;
    as_error e = {{0}};
    npy_file("x.npy", dictionary, items, n);
    assert_false(npy_read("x.npy", wish, &a, &origin, &e));
    is_text(&e, text);
}

static void reads_every_number(void **state)
{
    (void)state;
    const data_wish f64 = {AS_F64, AS_F64};
    static const struct {
        const char *dictionary;
        const char *bytes;
        size_t n;
        double first, second;
    } cases[] = {
        {NPY("<f4", "False", "(2,)"), "\0\0\x80\x3f\0\0\0\xc0", 8, 1, -2},
        {NPY(">f4", "False", "(2,)"), "\x3f\x80\0\0\xc0\0\0\0", 8, 1, -2},
        {NPY("<f8", "False", "(2,)"), "\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\x59\x40", 16, 1.5, 100},
        {NPY("<f2", "False", "(2,)"), "\0\x3e\x01\x80", 4, 1.5, -0x1p-24}, /* the second is subnormal */
        {NPY("<f2", "False", "(2,)"), "\xff\x7b\0\xfc", 4, 65504, -HUGE_VAL},
        {NPY("|i1", "False", "(2,)"), "\x7f\x80", 2, 127, -128},
        {NPY("|u1", "False", "(2,)"), "\x7f\x80", 2, 127, 128},
        {NPY("<i2", "False", "(2,)"), "\x02\x01\xff\xff", 4, 258, -1},
        {NPY(">u2", "False", "(2,)"), "\x02\x01\xff\xff", 4, 513, 65535},
        {NPY("<i4", "False", "(2,)"), "\x01\0\0\0\xfe\xff\xff\xff", 8, 1, -2},
        {NPY(">i8", "False", "(2,)"), "\0\0\0\0\0\0\x01\0\xff\xff\xff\xff\xff\xff\xff\xfd", 16, 256, -3},
        {NPY("<u8", "False", "(2,)"), "\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80", 16, 1, 0x1p63},
        {NPY("|b1", "False", "(2,)"), "\0\x01", 2, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        data_array a = npy_good(cases[i].dictionary, cases[i].bytes, cases[i].n, &f64);
        assert_int_equal(a.dtype, AS_F64);
        assert_int_equal(a.count, 2);
        assert_true(((double *)a.items)[0] == cases[i].first);
        assert_true(((double *)a.items)[1] == cases[i].second);
        data_array_free(&a);
    }
}

static void keeps_shape_and_order(void **state)
{
    (void)state;
    data_array a = npy_good(NPY("|u1", "False", "(2, 3)"), "\1\2\3\4\5\6", 6, &wish_f32);
    assert_int_equal(a.dtype, AS_I64);
    assert_int_equal(a.dims.rank, 2);
    assert_int_equal(a.dims.size[0], 2);
    assert_int_equal(a.dims.size[1], 3);
    for (int i = 0; i < 6; i++)
        assert_int_equal(((int64_t *)a.items)[i], i + 1);
    data_array_free(&a);
    /* column by column: 1 2 / 3 4 / 5 6 are the columns of [[1,3,5],[2,4,6]] */
    a = npy_good(NPY("|u1", "True", "(2, 3)"), "\1\2\3\4\5\6", 6, &wish_f32);
    static const int64_t rows[] = {1, 3, 5, 2, 4, 6};
    assert_memory_equal(a.items, rows, sizeof rows);
    data_array_free(&a);
    a = npy_good(NPY("<f4", "False", "()"), "\0\0\x80\x3f", 4, &wish_f32);
    assert_int_equal(a.dims.rank, 0);
    assert_true(*(float *)a.items == 1);
    data_array_free(&a);
    a = npy_good(NPY("<f4", "False", "(0, 7)"), "", 0, &wish_f32);
    assert_int_equal(a.count, 0);
    data_array_free(&a);
}

static void npy_says_what_is_wrong(void **state)
{
    (void)state;
    const data_wish i64 = {AS_I64, AS_I64};
    npy_bad(NPY("<c8", "False", "(1,)"), "12345678", 8, &wish_f32,
            "x.npy: dtype '<c8', expected numbers: f2 f4 f8, i1 to i8, u1 to u8 or bool");
    npy_bad(NPY("<U5", "False", "(1,)"), "1234567890", 10, &wish_f32,
            "x.npy: dtype '<U5', expected numbers: f2 f4 f8, i1 to i8, u1 to u8 or bool");
    npy_bad(NPY("<f4", "False", "(3,)"), "1234", 4, &wish_f32,
            "x.npy: 4 bytes of items, its shape [3] of 4: the file is cut off or has more");
    npy_bad(
        NPY("<f4", "False", "(4611686018427387904, 4)"), "1234", 4, &wish_f32,
        "x.npy: 4 bytes of items, its shape [4611686018427387904,4] of 4: the file is cut off or has more");
    npy_bad(NPY("<f4", "False", "(1,1,1,1,1,1,1,1,1)"), "1234", 4, &wish_f32, "x.npy: more than 8 axes");
    npy_bad(NPY("<f4", "False", "(x)"), "1234", 4, &wish_f32,
            "x.npy: damaged .npy header: the shape is no list of sizes");
    npy_bad(NPY("<f4", "Maybe", "(1,)"), "1234", 4, &wish_f32,
            "x.npy: damaged .npy header: no fortran_order");
    npy_bad("{}", "", 0, &wish_f32,
            "x.npy: dtype is missing, expected numbers: f2 f4 f8, i1 to i8, u1 to u8 or bool");
    npy_bad(NPY("<f4", "False", "(2,)"), "\0\0\x80\x3f\0\0\0\x3f", 8, &i64,
            "x.npy: item 2 is 0.5, no whole number; dtype = \"f32\" reads it");
    npy_bad(NPY("<u8", "False", "(1,)"), "\0\0\0\0\0\0\0\x80", 8, &i64,
            "x.npy: item 1 is 9223372036854775808, too large for i64; dtype = \"f64\" reads it");
    data_array a;
    file_origin origin;
    as_error e = {{0}};
    FILE_OF("x.npy", "\x93NUMPY\x01\0\xff\xff{");
    assert_false(npy_read("x.npy", &wish_f32, &a, &origin, &e));
    is_text(&e, "x.npy: no .npy file of version 1 to 3, or cut off");
    e.text[0] = 0;
    assert_false(npy_read("none.npy", &wish_f32, &a, &origin, &e));
    is_text(&e, "none.npy: cannot open: No such file or directory");
    e.text[0] = 0;
    assert_false(npy_read(".", &wish_f32, &a, &origin, &e));
    is_text(&e, ".: not a file");
}

/* Every header that is cut anywhere is refused, and reads nothing outside (ASan). */
static void npy_refuses_cuts(void **state)
{
    (void)state;
    unsigned char whole[512];
    npy_file("x.npy", NPY("<f4", "False", "(2, 2)"), "0123456789abcdef", 16);
    FILE *f = fopen("x.npy", "rb");
    size_t n = fread(whole, 1, sizeof whole, f);
    fclose(f);
    for (size_t cut = 0; cut < n; cut++) {
        data_array a;
        file_origin origin;
        as_error e = {{0}};
        fixture_file("x.npy", whole, cut);
        assert_false(npy_read("x.npy", &wish_f32, &a, &origin, &e));
        assert_memory_equal(e.text, "x.npy: ", 7);
    }
}

static void npy_comes_back(void **state)
{
    (void)state;
    as_error e = {{0}};
    file_origin origin;
    data_array a;
    char hash[HASH_TEXT];
    const double x[6] = {0.1, -2, 1e300, 4, -0.0, 6};
    const data_wish f64 = {AS_F64, AS_I64};
    assert_true(npy_write("y.npy", AS_F64, (as_dims){2, {2, 3}}, x, &e));
    assert_true(npy_read("y.npy", &f64, &a, &origin, &e));
    assert_int_equal(a.dims.size[1], 3);
    assert_memory_equal(a.items, x, sizeof x);
    data_array_free(&a);
    assert_true(hash_file("y.npy", hash, &e));
    assert_string_equal(origin.sha256, hash);
    assert_int_equal(origin.bytes, 128 + sizeof x);
    /* numpy's own bytes of np.save("y.npy", np.array([3, -1])) */
    const int64_t i[2] = {3, -1};
    unsigned char bytes[256];
    assert_true(npy_write("y.npy", AS_I64, (as_dims){1, {2}}, i, &e));
    FILE *f = fopen("y.npy", "rb");
    assert_int_equal(fread(bytes, 1, sizeof bytes, f), 144);
    fclose(f);
    static const char start[] =
        "\x93NUMPY\x01\0v\0{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }  ";
    assert_memory_equal(bytes, start, sizeof start - 1);
    assert_int_equal(bytes[127], '\n');
    assert_false(npy_write("none/y.npy", AS_I64, (as_dims){1, {2}}, i, &e));
    is_text(&e, "none/y.npy: cannot write: No such file or directory");
}

/* ---- idx ---- */

static void idx_bad(const char *text)
{
    data_array a;
    file_origin origin;
    as_error e = {{0}};
    assert_false(idx_read("x.idx", &wish_f32, &a, &origin, &e));
    is_text(&e, text);
}

static void reads_idx(void **state)
{
    (void)state;
    data_array a;
    file_origin origin;
    as_error e = {{0}};
    FILE_OF("x.idx", "\0\0\x08\x02\0\0\0\x02\0\0\0\x03\1\2\3\4\5\xff");
    assert_true(idx_read("x.idx", &wish_f32, &a, &origin, &e));
    static const int64_t bytes[] = {1, 2, 3, 4, 5, 255};
    assert_int_equal(a.dims.size[1], 3);
    assert_memory_equal(a.items, bytes, sizeof bytes);
    data_array_free(&a);
    FILE_OF("x.idx", "\0\0\x0d\x01\0\0\0\x02\x3f\x80\0\0\xc0\0\0\0");
    assert_true(idx_read("x.idx", &wish_f32, &a, &origin, &e));
    assert_true(((float *)a.items)[0] == 1 && ((float *)a.items)[1] == -2);
    data_array_free(&a);
    FILE_OF("x.idx", "\0\0\x0b\x01\0\0\0\x02\x01\0\xff\xff");
    assert_true(idx_read("x.idx", &wish_f32, &a, &origin, &e));
    assert_true(((int64_t *)a.items)[0] == 256 && ((int64_t *)a.items)[1] == -1);
    data_array_free(&a);
}

static void idx_says_what_is_wrong(void **state)
{
    (void)state;
    FILE_OF("x.idx", "\0\0\x07\x01\0\0\0\x01\1");
    idx_bad("x.idx: no idx file: type 0x07, expected 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e");
    FILE_OF("x.idx", "hello");
    idx_bad("x.idx: no idx file: it begins with other bytes, expected 0 0 TYPE RANK");
    FILE_OF("x.idx", "\0\0");
    idx_bad("x.idx: no idx file: it begins with fewer than 4 bytes, expected 0 0 TYPE RANK");
    FILE_OF("x.idx", "\0\0\x08\x02\0\0\0\x02\0\0");
    idx_bad("x.idx: 10 bytes, the header alone has 12: the file is cut off");
    FILE_OF("x.idx", "\0\0\x08\x09");
    idx_bad("x.idx: 9 axes, at most 8");
    FILE_OF("x.idx", "\0\0\x0c\x01\0\0\0\x02\1\2\3\4");
    idx_bad("x.idx: 4 bytes after the header, which says [2] of 4: the file is cut off or has more");
    FILE_OF("x.idx", "\0\0\x08\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1");
    idx_bad("x.idx: 1 bytes after the header, which says [4294967295,4294967295,4294967295,4294967295] of 1: "
            "the file is cut off or has more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_number),     cmocka_unit_test(keeps_shape_and_order),
        cmocka_unit_test(npy_says_what_is_wrong), cmocka_unit_test(npy_refuses_cuts),
        cmocka_unit_test(npy_comes_back),         cmocka_unit_test(reads_idx),
        cmocka_unit_test(idx_says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
