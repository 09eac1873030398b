/* YAML files: the tree, where its values stand, and what is refused with which line. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static config_node *parse(const char *text)
{
    as_error e = {0};
    config_node *map = config_parse(text, strlen(text), "t.yaml", &e);
    if (!map)
        fail_msg("%s", e.text);
    return map;
}

static void tree_and_lines(void **state)
{
    (void)state;
    config_node *map = parse("# a sweep\n"
                             "params:\n"
                             "  lr: 1e-3\n"
                             "  sizes: [784,\n"
                             "          10]\n"
                             "arms:\n"
                             "  ce:\n"
                             "    loss:\n"
                             "      plugin: losses/cross_entropy\n"
                             "  note: |\n"
                             "    12\n"
                             "    yes\n"
                             "empty: {}\n");
    assert_int_equal(map->count, 3);
    const config_node *lr = config_find(map, "params.lr");
    assert_non_null(lr);
    assert_true(lr->kind == CONFIG_REAL && lr->real == 0.001);
    assert_string_equal(lr->key, "lr");
    assert_string_equal(lr->source, "t.yaml:3");
    const config_node *sizes = config_find(map, "params.sizes");
    assert_int_equal(sizes->kind, CONFIG_LIST);
    assert_int_equal(sizes->count, 2);
    assert_int_equal(sizes->child->integer, 784);
    assert_int_equal(sizes->child->next->integer, 10);
    assert_string_equal(sizes->child->next->source, "t.yaml:5");
    assert_null(sizes->child->key);
    assert_string_equal(config_find(map, "arms.ce.loss.plugin")->string, "losses/cross_entropy");
    assert_string_equal(config_find(map, "arms.ce")->source,
                        "t.yaml:7"); /* the key's line, not the value's */
    assert_string_equal(config_find(map, "arms.note")->string, "12\nyes\n");
    assert_int_equal(config_find(map, "empty")->kind, CONFIG_MAP);
    assert_int_equal(config_find(map, "empty")->count, 0);
    assert_null(config_find(map, "arms.ldr"));
    assert_null(config_find(map, "arms.ce.loss.plugin.deeper"));
    assert_null(config_find(map, ""));
    assert_null(config_get(NULL, "x"));
    config_free(map);
}

static void empty_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "# nothing yet\n", "---\n", "\xef\xbb\xbf", "~\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        config_node *map = parse(texts[i]);
        assert_int_equal(map->kind, CONFIG_MAP);
        assert_int_equal(map->count, 0);
        config_free(map);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n", "t.yaml:3: \"a\" a second time; it stands at t.yaml:1 already"},
        {"a: {b: 1, b: 2}\n", "t.yaml:1: \"b\" a second time; it stands at t.yaml:1 already"},
        {"a: 1\n---\nb: 2\n", "t.yaml:2: a second document (---); a settings file is one"},
        {"a: &x 1\nb: *x\n",
         "t.yaml:1: anchors and aliases (&name, *name) are not supported; repeat the value"},
        {"a: 1\nb: !!int \"3\"\n",
         "t.yaml:2: tags (!name) are not supported; quote a value to make it a string"},
        {"- a\n- b\n", "t.yaml:1: a list where settings (name: value) were expected"},
        {"just words\n", "t.yaml:1: a string where settings (name: value) were expected"},
        {"a: 1\n? [x, y]\n: 2\n", "t.yaml:2: a key has to be a name, not a list or a map"},
        {"a: 1\n\"\": 2\n", "t.yaml:2: a value without a name before the \":\""},
        {"a: \"x\\0y\"\n", "t.yaml:1: a string with a zero byte in it"},
        {"a:\n\tb: 1\n",
         "t.yaml:2: found character that cannot start any token; indent with spaces, not with a tab"},
        {"a: [1, 2\n",
         "t.yaml:2: did not find expected ',' or ']' (while parsing a flow sequence that begins at line 1)"},
        {"a: b: c\n", "t.yaml:1: mapping values are not allowed in this context"},
        {"a: \"open\n",
         "t.yaml:2: found unexpected end of stream (while scanning a quoted scalar that begins at line 1)"},
        {"a: 1\nb: \x01\n", "t.yaml:2: not a text file: control characters are not allowed (byte 9)"},
        {"\xff\xfe\xfd", "t.yaml:1: not a text file: incomplete UTF-16 character (byte 3)"},
        {"\x7f"
         "ELF\x02",
         "t.yaml:1: not a text file: control characters are not allowed (byte 1)"},
        {"a: \xc3(\n", "t.yaml:1: not a text file: invalid trailing UTF-8 octet (byte 5)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        as_error e = {0};
        assert_null(config_parse(cases[i].text, strlen(cases[i].text), "t.yaml", &e));
        assert_string_equal(e.text, cases[i].error);
    }
}

static void limits(void **state)
{
    (void)state;
    enum { N = 40000 };
    char *text = calloc(N, 2);
    as_error e = {0};
    memcpy(text, "a: ", 3);
    memset(text + 3, '[', 64);
    memset(text + 67, ']', 64);
    config_node *map = config_parse(text, 131, "t.yaml", &e); /* 64 lists below the map */
    assert_non_null(map);
    config_free(map);
    memset(text + 3, '[', 5000);
    assert_null(config_parse(text, 5003, "t.yaml", &e));
    assert_string_equal(e.text, "t.yaml:1: nested deeper than 64 levels");
    e.text[0] = 0;
    for (int i = 0; i < N; i++)
        memcpy(text + 2 * i, i ? "1," : "[ ", 2);
    text[2 * N - 1] = ']';
    assert_null(config_parse(text, 2 * N, "t.yaml", &e));
    assert_string_equal(e.text, "t.yaml:1: more than 10000 values; settings are not the place for data");
    free(text);
}

/* Every cut of a good file is read or refused with its name in front; the sanitizers see the rest. */
static void cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = "a: {b: [1, 'x', \"y\"], c: ~}\nd:\n  - e: 1\n    f: |\n      g\n  - 2.5\n";
    for (size_t n = 0; n < sizeof text; n++) {
        as_error e = {0};
        config_node *map = config_parse(text, n, "t.yaml", &e);
        assert_true((map != NULL) != (strncmp(e.text, "t.yaml:", 7) == 0));
        config_free(map);
    }
}

static void files(void **state)
{
    (void)state;
    as_error e = {0};
    assert_null(config_read("/nonexistent/sweep.yaml", &e));
    assert_string_equal(e.text, "cannot read /nonexistent/sweep.yaml: No such file or directory");
    e.text[0] = 0;
    assert_null(config_read("/tmp", &e));
    assert_string_equal(e.text, "cannot read /tmp: Is a directory");
    e.text[0] = 0;

    char path[] = "/tmp/assay_config_XXXXXX", expected[100];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "a: 1\nb: 2\n", 10), 10);
    config_node *map = config_read(path, &e);
    assert_non_null(map);
    snprintf(expected, sizeof expected, "%s:2", path);
    assert_string_equal(config_get(map, "b")->source, expected);
    config_free(map);
    assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
    assert_null(config_read(path, &e));
    snprintf(expected, sizeof expected, "%s: larger than 1 MiB: no settings file", path);
    assert_string_equal(e.text, expected);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_and_lines), cmocka_unit_test(empty_is_an_empty_map), cmocka_unit_test(refused),
        cmocka_unit_test(limits),         cmocka_unit_test(cut_anywhere),          cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
