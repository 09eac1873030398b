/* The search order, and what is said of a name that is not there. */
#include "plugin_fixture.h"

#include "plugin/find.h"

#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/assay_find_XXXXXX";

static void touch(const char *path)
{
    char command[FIND_PATH * 2];
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s/%s')\" && : > '%s/%s'", root, path, root,
             path);
    assert_int_equal(system(command), 0);
}

static int make_tree(void **state)
{
    (void)state;
    char text[256];
    assert_non_null(mkdtemp(root));
    touch("plugins/losses/alpha.so");
    touch("one/losses/alpha.so");
    touch("one/losses/beta.so");
    touch("one/losses/beta.c");
    touch("two/losses/beta.so");
    touch("two/soups/uniform.so");
    touch("home/assay/plugins/losses/gamma.so");
    assert_int_equal(chdir(root), 0);
    snprintf(text, sizeof text, "%s/one::%s/two", root, root);
    setenv("ASSAY_PLUGIN_PATH", text, 1);
    snprintf(text, sizeof text, "%s/home", root);
    setenv("XDG_DATA_HOME", text, 1);
    return 0;
}

static int drop_tree(void **state)
{
    (void)state;
    char command[64];
    assert_int_equal(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void first_hit_wins(void **state)
{
    (void)state;
    char path[FIND_PATH], wanted[FIND_PATH];
    assert_true(find_path("losses", "alpha", path));
    assert_string_equal(path, "plugins/losses/alpha.so");
    assert_true(find_path("losses", "beta", path));
    snprintf(wanted, sizeof wanted, "%s/one/losses/beta.so", root);
    assert_string_equal(path, wanted);
    assert_true(find_path("losses", "gamma", path));
    snprintf(wanted, sizeof wanted, "%s/home/assay/plugins/losses/gamma.so", root);
    assert_string_equal(path, wanted);
    assert_false(find_path("losses", "uniform", path));
    assert_false(find_path("heads", "alpha", path));
}

static void lists_all(void **state)
{
    (void)state;
    find_list list;
    as_error e = {{0}};
    assert_true(find_all(NULL, &list, &e));
    const char *const expected[] = {"alpha", "alpha", "beta", "beta", "gamma"};
    int k = 0, soups = 0;
    for (int i = 0; i < list.count; i++) {
        bool ours = strncmp(list.hits[i].path, root, strlen(root)) == 0 || list.hits[i].path[0] != '/';
        if (!ours) /* the plugins beside the test program */
            continue;
        if (strcmp(list.hits[i].kind, "soups") == 0) {
            soups++;
            continue;
        }
        assert_string_equal(list.hits[i].name, expected[k]);
        assert_int_equal(list.hits[i].hidden, k == 1 || k == 3);
        k++;
    }
    assert_int_equal(k, 5);
    assert_int_equal(soups, 1);
    find_free(&list);
}

static void names_kinds(void **state)
{
    (void)state;
    as_error e = {{0}};
    assert_string_equal(find_kind_of("loss"), "losses");
    assert_string_equal(find_kind_of("losses"), "losses");
    assert_null(find_kind_of("los"));
    assert_true(find_kind("datasets", &e));
    assert_false(find_kind("loss", &e));
    TEXT_IS(e, "no plugin kind \"loss\"; did you mean \"losses\"?");
    assert_false(find_kind("sampelrs", &e));
    TEXT_IS(e, "no plugin kind \"sampelrs\"; did you mean \"samplers\"?");
    assert_false(find_kind("optimizers", &e));
    TEXT_IS(e, "no plugin kind \"optimizers\"; kinds are losses, heads, samplers, hooks, distillers, soups, "
               "scores, adapters, datasets");
}

static void says_where_it_looked(void **state)
{
    (void)state;
    as_error e = {{0}};
    char begin[FIND_PATH];
    const char *const names[] = {"alpha", "beta"};
    assert_false(find_missing("losses", "aplha", names, 2, &e));
    snprintf(begin, sizeof begin,
             "no plugin losses/aplha; did you mean \"alpha\"? Searched plugins, %s/one, %s/two, "
             "%s/home/assay/plugins, /",
             root, root, root);
    assert_memory_equal(e.text, begin, strlen(begin));
    e.text[0] = '\0';
    assert_false(find_missing("losses", "zzz", names, 2, &e));
    assert_memory_equal(e.text, "no plugin losses/zzz; searched plugins, /", 41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_hit_wins),
        cmocka_unit_test(lists_all),
        cmocka_unit_test(names_kinds),
        cmocka_unit_test(says_where_it_looked),
    };
    return cmocka_run_group_tests(tests, make_tree, drop_tree);
}
