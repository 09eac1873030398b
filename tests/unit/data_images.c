/* Folders of PNG: classes, order, kinds of pixels, damaged files. */
#include "data_fixture.h"

#include "data/origin.h"

#include <png.h>
#include <sys/stat.h>

/* Writes `rows` of PNG's own layout. */
static void png_file(const char *name, int width, int height, int bits, int type, int interlace,
                     const unsigned char *rows, size_t row)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, f);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, bits, type, interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, (png_color[]){{0, 0, 255}, {255, 51, 0}}, 2);
    png_write_info(png, info);
    unsigned char *lines[8];
    for (int i = 0; i < height; i++)
        lines[i] = (unsigned char *)(uintptr_t)rows + (size_t)i * row;
    png_write_image(png, lines);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(f);
}

/* Two pixels beside each other. */
static void grey(const char *name, int left, int right)
{
    png_file(name, 2, 1, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
             (unsigned char[]){(unsigned char)left, (unsigned char)right}, 2);
}

static void items_are(const data_array *x, const float *expected, int64_t n)
{
    assert_int_equal(x->count, n);
    for (int64_t i = 0; i < n; i++)
        assert_true(((float *)x->items)[i] == expected[i]);
}

static void folder(const char *name)
{
    assert_int_equal(mkdir(name, 0777), 0);
}

static void fails(const char *name, const char *text)
{
    image_set s;
    file_origin origin;
    as_error e = {{0}};
    assert_false(images_read(name, &s, &origin, &e));
    is_text(&e, text);
    assert_null(s.x.items);
}

static void classes_are_sub_folders(void **state)
{
    (void)state;
    image_set s;
    file_origin origin;
    as_error e = {{0}};
    folder("pets"), folder("pets/dog"), folder("pets/cat"), folder("pets/.hidden");
    grey("pets/dog/1.png", 0, 255);
    grey("pets/cat/b.PNG", 51, 102);
    grey("pets/cat/a.png", 153, 204);
    FILE_OF("pets/cat/.DS_Store", "x");
    FILE_OF("pets/README", "beside the folders nothing is asked");
    if (!images_read("pets/", &s, &origin, &e))
        fail_msg("%s", e.text);
    assert_int_equal(s.x.dims.rank, 4);
    assert_int_equal(s.x.dims.size[0], 3);
    assert_int_equal(s.x.dims.size[1], 1);
    assert_int_equal(s.x.dims.size[2], 1);
    assert_int_equal(s.x.dims.size[3], 2);
    items_are(&s.x, (float[]){153 / 255.f, 204 / 255.f, 51 / 255.f, 102 / 255.f, 0, 1}, 6);
    assert_memory_equal(s.y.items, ((int64_t[]){0, 0, 1}), 24);
    assert_int_equal(s.n_classes, 2);
    assert_string_equal(s.classes[0], "cat");
    assert_string_equal(s.classes[1], "dog");
    images_free(&s);
    /* the hash is that of sha256sum's lines */
    char expected[HASH_TEXT + 8];
    FILE *f = popen("cd pets && sha256sum cat/a.png cat/b.PNG dog/1.png | sha256sum", "r");
    assert_non_null(fgets(expected, HASH_TEXT, f));
    pclose(f);
    assert_string_equal(origin.sha256, expected);
    f = popen("cat pets/*/*.png pets/*/*.PNG | wc -c", "r");
    assert_non_null(fgets(expected, sizeof expected, f));
    pclose(f);
    assert_int_equal(origin.bytes, atoi(expected));
}

static void without_folders_there_are_no_labels(void **state)
{
    (void)state;
    image_set s;
    file_origin origin;
    as_error e = {{0}};
    folder("flat");
    grey("flat/x.png", 255, 0);
    assert_true(images_read("flat", &s, &origin, &e));
    items_are(&s.x, (float[]){1, 0}, 2);
    assert_null(s.y.items);
    assert_int_equal(s.n_classes, 0);
    images_free(&s);
}

static void knows_kinds_of_pixels(void **state)
{
    (void)state;
    image_set s;
    file_origin origin;
    as_error e = {{0}};
    folder("kinds");
    static const unsigned char rgb[] = {0, 51, 255, 102, 0, 0}, rgba[] = {0, 51, 255, 7, 102, 0, 0, 0};
    static const unsigned char wide[] = {0xff, 0xff, 0x33, 0x33}, bits[] = {0x40}, places[] = {0x40};
    grey("kinds/a.png", 51, 0); /* in a folder with colours: three channels alike */
    png_file("kinds/b.png", 2, 1, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, rgb, 6);
    png_file("kinds/c.png", 2, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_ADAM7, rgba, 8);
    png_file("kinds/d.png", 2, 1, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, wide, 4);
    png_file("kinds/e.png", 2, 1, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, bits, 1);
    png_file("kinds/f.png", 2, 1, 1, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, places, 1);
    if (!images_read("kinds", &s, &origin, &e))
        fail_msg("%s", e.text);
    const float low = 51 / 255.f, mid = 102 / 255.f;
    items_are(&s.x, (float[]){low, 0,   low, 0,   low, 0,   /* a: r, g, b planes of two pixels */
                              0,   mid, low, 0,   1,   0,   /* b */
                              0,   mid, low, 0,   1,   0,   /* c: as b */
                              1,   low, 1,   low, 1,   low, /* d: 0x3333 / 0xffff is 1/5 */
                              0,   1,   0,   1,   0,   1,   /* e: bits 0 1 */
                              0,   1,   0,   low, 1,   0},  /* f: blue, orange */
              36);
    images_free(&s);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    char text[256];
    fails("none", "none: cannot read the folder: No such file or directory");
    folder("bad");
    fails("bad", "bad: no sub-folders with .png files, and no .png files");
    folder("bad/a");
    fails("bad", "bad/a: no .png files");
    grey("bad/a/1.png", 1, 2);
    FILE_OF("bad/a/2.jpg", "x");
    fails("bad", "bad/a/2.jpg: only .png files are read: convert it, or move it away");
    unlink("bad/a/2.jpg");
    FILE_OF("bad/a/2.png", "GIF89a and so on");
    fails("bad", "bad/a/2.png: no PNG file");
    png_file("bad/a/2.png", 1, 2, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, (unsigned char[]){1, 2}, 1);
    fails("bad", "bad/a/2.png: 1 x 2 pixels, bad/a/1.png has 2 x 1: all images of a folder have one size");
    unsigned char bytes[256];
    FILE *f = fopen("bad/a/1.png", "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t cut = 0; cut < n - 12; cut++) { /* the last chunk says that it is the last */
        fixture_file("bad/a/2.png", bytes, cut);
        snprintf(text, sizeof text,
                 cut < 8 ? "bad/a/2.png: no PNG file" : "bad/a/2.png: damaged PNG: the file is cut off");
        fails("bad", text);
    }
    bytes[n - 16] ^= 1; /* the checksum of the pixels */
    fixture_file("bad/a/2.png", bytes, n);
    fails("bad", "bad/a/2.png: damaged PNG: IDAT: CRC error");
}

/* A run that read a folder is made again when one image more, less or other lies there. */
static void a_folder_changes(void **state)
{
    (void)state;
    image_set s;
    file_origin then;
    as_error e = {{0}};
    origin_memory m = {0};
    folder("seen"), folder("seen/a"), folder("seen/b");
    grey("seen/a/1.png", 1, 2);
    grey("seen/b/1.png", 3, 4);
    if (!images_read("seen", &s, &then, &e))
        fail_msg("%s", e.text);
    images_free(&s);
    assert_int_equal(origin_compare(&m, "read_images", "seen", &then), ORIGIN_SAME);
    assert_int_equal(origin_compare(&m, "read_images", "seen/", &then), ORIGIN_SAME);
    usleep(20000); /* a tick of the clock that stamps inodes */
    grey("seen/b/1.png", 4, 3);
    assert_int_equal(origin_compare(&m, "read_images", "seen", &then), ORIGIN_CHANGED);
    grey("seen/b/1.png", 3, 4);
    grey("seen/b/2.png", 3, 4);
    assert_int_equal(origin_compare(&m, "read_images", "seen", &then), ORIGIN_CHANGED);
    assert_int_equal(remove("seen/b/2.png"), 0);
    assert_int_equal(origin_compare(&m, "read_images", "seen", &then), ORIGIN_SAME);
    usleep(20000);
    assert_int_equal(rename("seen/b", "seen/c"), 0); /* the same bytes in the same order under another name */
    assert_int_equal(origin_compare(&m, "read_images", "seen", &then), ORIGIN_CHANGED);
    assert_int_equal(rename("seen/c", "seen/b"), 0);
    FILE_OF("seen/b/notes.txt", "no image");
    assert_int_equal(origin_compare(&m, "read_images", "seen", &then), ORIGIN_CHANGED);
    assert_int_equal(system("rm -r seen"), 0);
    assert_int_equal(origin_compare(&m, "read_images", "seen", &then), ORIGIN_GONE);
    origin_forget(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_sub_folders), cmocka_unit_test(without_folders_there_are_no_labels),
        cmocka_unit_test(knows_kinds_of_pixels),   cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(a_folder_changes),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
