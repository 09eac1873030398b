/* Files of data sets: where they are looked for, gunzip, hashes, damaged files. */
#include "plugin_fixture.h"

#include "base/hash.h"
#include "plugin/files.h"

#include <unistd.h>
#include <zlib.h>

static char root[] = "/tmp/assay_files_XXXXXX";
static char path[256];
static unsigned char content[200000];

static struct {
    int count;
    char dataset[32], path[256], sha256[65];
    size_t bytes;
} used;

static void on_use(void *self, const char *dataset, const char *file, const char *sha256, size_t bytes)
{
    assert_ptr_equal(self, &used);
    used.count++;
    snprintf(used.dataset, sizeof used.dataset, "%s", dataset);
    snprintf(used.path, sizeof used.path, "%s", file);
    snprintf(used.sha256, sizeof used.sha256, "%s", sha256);
    used.bytes = bytes;
}

static void write_file(const char *name, const void *data, size_t n)
{
    snprintf(path, sizeof path, "%s/data/some-set/%s", root, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

/* One gzip member; returns its size. */
static size_t pack(const void *data, size_t n, unsigned char *out, size_t room)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)data,
                  .avail_in = (uInt)n,
                  .next_out = out,
                  .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t size = room - z.avail_out;
    deflateEnd(&z);
    return size;
}

static int make_folders(void **state)
{
    (void)state;
    char command[256];
    assert_non_null(mkdtemp(root));
    snprintf(command, sizeof command, "mkdir -p %s/data/some-set %s/home", root, root);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/data", root);
    setenv("ASSAY_DATA", path, 1);
    snprintf(path, sizeof path, "%s/home", root);
    setenv("HOME", path, 1);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (unsigned char)(engine_uniform() * 7);
    files_on_use(on_use, &used);
    return 0;
}

static int drop_folders(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void reads_plain(void **state)
{
    (void)state;
    size_t size;
    as_error e = {{0}};
    write_file("abc.txt", "abc", 3);
    used.count = 0;
    unsigned char *bytes = files_read("some_set", "abc.txt", &size, &e);
    assert_non_null(bytes);
    assert_int_equal(size, 3);
    assert_string_equal((char *)bytes, "abc"); /* a zero stands behind */
    free(bytes);
    assert_int_equal(used.count, 1);
    assert_string_equal(used.dataset, "some_set");
    assert_string_equal(used.path, path);
    assert_int_equal(used.bytes, 3);
    /* FIPS 180-2, the example of one block */
    assert_string_equal(used.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void unpacks(void **state)
{
    (void)state;
    static unsigned char packed[2 * sizeof content];
    size_t size, n = pack(content, sizeof content, packed, sizeof packed);
    as_error e = {{0}};
    char sha256[HASH_TEXT];
    write_file("x.gz", packed, n);
    unsigned char *bytes = files_read("some_set", "x.gz", &size, &e);
    assert_non_null(bytes);
    assert_int_equal(size, sizeof content);
    assert_memory_equal(bytes, content, size);
    free(bytes);
    hash_bytes(packed, n, sha256);
    assert_string_equal(used.sha256, sha256); /* of the file, not of what was in it */
    /* two members, as `cat a.gz b.gz` makes: the size at the end is the last one's only */
    size_t more = pack("end", 3, packed + n, sizeof packed - n);
    write_file("two.gz", packed, n + more);
    bytes = files_read("some_set", "two.gz", &size, &e);
    assert_non_null(bytes);
    assert_int_equal(size, sizeof content + 3);
    assert_memory_equal(bytes + sizeof content, "end", 4);
    free(bytes);
}

static void refuses_damage(void **state)
{
    (void)state;
    static unsigned char packed[2 * sizeof content];
    size_t size, n = pack(content, sizeof content, packed, sizeof packed);
    char text[512];
    used.count = 0;
    for (size_t cut = 2; cut < n; cut += cut < 40 ? 1 : n / 7) {
        as_error e = {{0}};
        write_file("cut.gz", packed, cut);
        assert_null(files_read("some_set", "cut.gz", &size, &e));
        snprintf(text, sizeof text, "%s: gzip file cut short at %zu bytes: fetch it again", path, cut);
        assert_string_equal(e.text, text);
    }
    as_error e = {{0}};
    packed[n - 6] ^= 1; /* the checksum */
    write_file("sum.gz", packed, n);
    assert_null(files_read("some_set", "sum.gz", &size, &e));
    snprintf(text, sizeof text,
             "%s: damaged gzip file (incorrect data check, near byte %zu of %zu): fetch it again", path,
             n - 4, n);
    TEXT_IS(e, text);
    packed[n - 6] ^= 1;
    memset(packed + n / 2, 0xff, 64);
    write_file("bad.gz", packed, n);
    assert_null(files_read("some_set", "bad.gz", &size, &e));
    snprintf(text, sizeof text, "%s: damaged gzip file (", path);
    assert_memory_equal(e.text, text, strlen(text));
    assert_int_equal(used.count, 0); /* nothing was used */
}

static void says_where_it_looked(void **state)
{
    (void)state;
    size_t size;
    as_error e = {{0}};
    char text[1024];
    assert_null(files_read("some_set", "y.gz", &size, &e));
    snprintf(text, sizeof text,
             "y.gz not found in %s/data, %s/home/.cache/assay, /usr/share/datasets; set ASSAY_DATA to the "
             "folder that "
             "holds some-set/",
             root, root);
    TEXT_IS(e, text);
    assert_null(files_read("some_set", "../other/y", &size, &e));
    TEXT_IS(e, "\"../other/y\" is no file of the data set's own folder");
    assert_null(files_read("some_set", "/etc/passwd", &size, &e));
    TEXT_IS(e, "\"/etc/passwd\" is no file of the data set's own folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain),
        cmocka_unit_test(unpacks),
        cmocka_unit_test(refuses_damage),
        cmocka_unit_test(says_where_it_looked),
    };
    return cmocka_run_group_tests(tests, make_folders, drop_folders);
}
