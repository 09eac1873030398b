/* Fetching a data set: packages, addresses, broken downloads, two at once. The programs it starts (curl,
 * apt-get, dpkg-deb) are stand-ins that work on local files and note how they were called. */
#include "cli/fetch.h"
#include "data_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* curl's exit codes: 18 cut off, 22 no such file, 33 the server knows no parts */
static const char curl[] = "#!/bin/sh\n"
                           "echo x >>$BOX/calls\n"
                           "while [ $# -gt 1 ]; do [ $1 = --output ] && out=$2; shift; done\n"
                           "from=${1#file://}\n"
                           "[ -e $from ] || exit 22\n"
                           "sleep ${SLOW:-0}\n"
                           "have=0; [ -e $out ] && have=$(wc -c <$out)\n"
                           "[ $have -le $(wc -c <$from) ] || exit 33\n"
                           "[ -z \"$BREAK\" ] || { head -c $BREAK $from >$out; exit 18; }\n"
                           "tail -c +$((have + 1)) $from >>$out\n";
static const char apt_get[] = "#!/bin/sh\necho x >>$BOX/apt; [ -e $BOX/package ] && touch set_1.deb\n";
static const char dpkg_deb[] = "#!/bin/sh\nmkdir -p $3/opt/set && cp $BOX/package/* $3/opt/set/\n";

static char address[2][256], sha256[2][HASH_TEXT], package_folder[256] = "/opt/set";
static data_file hashed[2];
static data_set set = {.name = "some-set", .doc = "", .files = hashed, .n_files = 2};
static char *talk;
static size_t talk_size;

static int begin(void **state)
{
    if (fixture_enter(state) != 0)
        return 1;
    char path[512];
    const char *box = *state;
    setenv("BOX", box, 1);
    setenv("HOME", box, 1);
    setenv("ASSAY_DATA", "data", 1);
    snprintf(path, sizeof path, "%s/bin:%s", box, getenv("PATH"));
    setenv("PATH", path, 1);
    mkdir("bin", 0777);
    FILE_OF("bin/curl", curl);
    FILE_OF("bin/apt-get", apt_get);
    FILE_OF("bin/dpkg-deb", dpkg_deb);
    for (int i = 0; i < 2; i++)
        snprintf(address[i], sizeof address[i], "file://%s/server%d/", box, i + 1);
    return system("chmod +x bin/*");
}

/* A server that has both files, and nothing here. */
static int clear(void **state)
{
    (void)state;
    if (system("rm -rf data calls apt package server1 server2; mkdir server1 server2;"
               "echo first file | gzip -n >server1/a.gz; seq 1000 >server1/b") != 0)
        return 1;
    hash_bytes("first file\n", 11, sha256[0]);
    as_error e = {{0}};
    hash_file("server1/b", sha256[1], &e);
    for (int i = 0; i < 2; i++)
        hashed[i] = (data_file){i ? "b" : "a.gz", sha256[i], 0};
    set.package = set.package_folder = NULL;
    set.address[0] = address[0];
    set.address[1] = address[1];
    unsetenv("BREAK");
    unsetenv("SLOW");
    free(talk);
    talk = NULL;
    return 0;
}

static bool fetch_now(as_error *e)
{
    free(talk);
    FILE *f = open_memstream(&talk, &talk_size);
    bool ok = fetch_set(&set, f, e);
    fclose(f);
    return ok;
}

static void fetches(void)
{
    as_error e = {{0}};
    if (!fetch_now(&e))
        fail_msg("%s\n%s", talk, e.text);
    assert_int_equal(
        system("cmp -s data/some-set/b server1/b && gunzip -c data/some-set/a.gz | grep -qx 'first "
               "file' && [ $(ls data/some-set | wc -l) = 2 ]"),
        0);
}

static int lines(const char *file)
{
    FILE *f = fopen(file, "r");
    int n = 0;
    for (int c; f && (c = fgetc(f)) != EOF;)
        n += c == '\n';
    if (f)
        fclose(f);
    return n;
}

static void downloads_once(void **state)
{
    (void)state;
    fetches();
    assert_int_equal(lines("calls"), 2);
    fetches();
    assert_int_equal(lines("calls"), 2);
    assert_string_equal(talk, "");
}

static void goes_on_where_it_ended(void **state)
{
    (void)state;
    as_error e = {{0}};
    setenv("BREAK", "100", 1);
    set.address[1] = NULL;
    assert_false(fetch_now(&e)); /* a.gz is shorter than that, but curl says that it was cut off */
    assert_int_equal(lines("calls"), 1);
    unsetenv("BREAK");
    FILE_OF("data/some-set/b.part", "1\n2\n3\n");
    fetches(); /* a.gz was whole already, b is appended to */
    assert_int_equal(lines("calls"), 2);
    assert_non_null(strstr(talk, "going on where it stopped"));
}

static void begins_again_after_a_wrong_start(void **state)
{
    (void)state;
    mkdir("data", 0777), mkdir("data/some-set", 0777);
    FILE_OF("data/some-set/b.part", "something else\n");
    FILE_OF("data/some-set/a.gz.part",
            "this is longer than the whole file on the server, which is quite short");
    fetches();
    assert_int_equal(lines("calls"), 4);
}

static void replaces_damaged_files(void **state)
{
    (void)state;
    fetches();
    FILE_OF("data/some-set/b", "damaged");
    fetches();
    assert_int_equal(lines("calls"), 3);
    assert_non_null(strstr(talk, "data/some-set/b: SHA-256 of its content is "));
}

static void tries_the_next_address(void **state)
{
    (void)state;
    assert_int_equal(system("cp server1/* server2/; echo moved >server1/a.gz; rm server1/b"), 0);
    as_error e = {{0}};
    if (!fetch_now(&e))
        fail_msg("%s", e.text);
    assert_int_equal(lines("calls"), 4);
    assert_non_null(strstr(talk, "data/some-set/a.gz.part: SHA-256 of its content is"));
    assert_non_null(strstr(talk, "server1/b: curl's exit code 22"));
    assert_int_equal(system("cmp -s data/some-set/b server2/b"), 0);
}

static void says_what_to_do_when_nothing_works(void **state)
{
    (void)state;
    as_error e = {{0}};
    assert_int_equal(system("rm -r server1; echo moved >server2/a.gz"), 0);
    assert_false(fetch_now(&e));
    is_text(&e,
            "some-set/a.gz could not be fetched, for the reasons above; run this again, or put the file into "
            "data/some-set by hand, or set ASSAY_DATA to a folder that holds some-set/");
    assert_int_equal(system("[ $(ls data/some-set | wc -l) = 0 ]"), 0); /* no half file */
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    e.text[0] = 0;
    assert_false(fetch_now(&e));
    assert_non_null(strstr(talk, "a.gz is fetched with curl, which is not here: sudo apt-get install curl"));
    setenv("PATH", path, 1);
    free(path);
    FILE_OF("no-folder", "");
    setenv("ASSAY_DATA", "no-folder", 1);
    e.text[0] = 0;
    assert_false(fetch_now(&e));
    is_text(&e, "cannot make the folder no-folder/some-set: Not a directory");
    setenv("ASSAY_DATA", "data", 1);
}

static void takes_it_from_a_package(void **state)
{
    (void)state;
    set.package = "set";
    set.package_folder = package_folder;
    assert_int_equal(system("mkdir package && cp server1/* package/"), 0);
    fetches();
    assert_int_equal(lines("apt"), 1);
    assert_int_equal(lines("calls"), 0);
    assert_int_equal(system("[ $(ls -A data/some-set | wc -l) = 3 ]"), 0); /* with .lock, without .package */
    /* a package that cannot be had, and one with other files: the address */
    assert_int_equal(system("rm -r data package"), 0);
    fetches();
    assert_int_equal(lines("apt"), 2); /* asked once, not for each file */
    assert_int_equal(lines("calls"), 2);
    assert_non_null(strstr(talk, "apt-get download set: exit code 1"));
    assert_int_equal(system("rm -r data; mkdir package; echo other >package/b"), 0);
    fetches();
    assert_int_equal(lines("calls"), 4);
    assert_non_null(strstr(talk, "the package set has no /opt/set/a.gz"));
}

static void copies_from_an_installed_package(void **state)
{
    char folder[256];
    snprintf(folder, sizeof folder, "%s/server1", (char *)*state);
    set.package = "set";
    set.package_folder = folder;
    fetches();
    assert_int_equal(lines("apt") + lines("calls"), 0);
}

/* Three at once: each file is downloaded once, and each of them finds the set complete. */
static void is_safe_beside_others(void **state)
{
    (void)state;
    setenv("SLOW", "0.2", 1);
    pid_t pids[3];
    for (int i = 0; i < 3; i++)
        if ((pids[i] = fork()) == 0) {
            as_error e = {{0}};
            FILE *f = fopen("/dev/null", "w");
            _exit(fetch_set(&set, f, &e) ? 0 : 1);
        }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(lines("calls"), 2);
    fetches();
}

/* The real curl, which the tests' packages bring. */
static void works_with_curl_itself(void **state)
{
    (void)state;
    assert_int_equal(access("/usr/bin/curl", X_OK), 0);
    rename("bin/curl", "bin/no-curl");
    mkdir("data", 0777), mkdir("data/some-set", 0777);
    FILE_OF("data/some-set/b.part", "1\n2\n3\n");
    FILE_OF("data/some-set/a.gz.part",
            "this is longer than the whole file on the server, which is quite short");
    fetches();
    as_error e = {{0}};
    assert_int_equal(system("rm -r data server1"), 0);
    assert_false(fetch_now(&e));
    assert_non_null(strstr(talk, "curl's exit code 37")); /* cannot read that file */
    rename("bin/no-curl", "bin/curl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(downloads_once, clear),
        cmocka_unit_test_setup(goes_on_where_it_ended, clear),
        cmocka_unit_test_setup(begins_again_after_a_wrong_start, clear),
        cmocka_unit_test_setup(replaces_damaged_files, clear),
        cmocka_unit_test_setup(tries_the_next_address, clear),
        cmocka_unit_test_setup(says_what_to_do_when_nothing_works, clear),
        cmocka_unit_test_setup(takes_it_from_a_package, clear),
        cmocka_unit_test_setup(copies_from_an_installed_package, clear),
        cmocka_unit_test_setup(is_safe_beside_others, clear),
        cmocka_unit_test_setup(works_with_curl_itself, clear),
    };
    return cmocka_run_group_tests(tests, begin, fixture_leave);
}
