/* Loading: what is checked before the file runs, what after, and the texts. The files are tests/plugins_bad.
 */
#include "plugin_fixture.h"

#include "plugin/find.h"

#include <unistd.h>

#define LOSS(name) BAD_PLUGINS "/losses/" name ".so"

static void refused(const char *path, const char *text)
{
    as_error e = {{0}};
    assert_null(load_file(path, &e));
    assert_string_equal(e.text, text);
}

static void refuses_bad_files(void **state)
{
    (void)state;
    /* its constructor aborts: this test lives because the note is read first */
    refused(LOSS("other_major"),
            LOSS("other_major") ": built for plugin ABI 2.0, this assay speaks 1.0 to 1.1. Rebuild "
                                "it: assay build plugins/losses/other_major.c");
    char text[1024];
    snprintf(
        text, sizeof text,
        LOSS("edited_header") ": descriptor of %zu bytes, ABI 1.0 has %zu: built with an edited plugin.h",
        sizeof(as_plugin) - 8, sizeof(as_plugin));
    refused(LOSS("edited_header"), text);
    refused(
        LOSS("missing_symbol"),
        LOSS("missing_symbol") ": exports no assay_plugin: it needs one AS_PLUGIN(...) or AS_MODULE(...)");
    refused(LOSS("no_note"), LOSS("no_note") ": has no Assay note: not a plugin, or built without AS_PLUGIN");
    refused("/nowhere/x.so", "/nowhere/x.so: cannot open: No such file or directory");
}

static void loads_once(void **state)
{
    (void)state;
    as_error e = {{0}};
    plugin *p = load_plugin("losses", "fails", &e);
    if (!p)
        fail_msg("%s", e.text);
    assert_string_equal(p->name, "losses/fails");
    assert_string_equal(p->d.version, "1.0.0");
    assert_int_equal(p->signature->in_count, 1);
    assert_string_equal(p->module->path, LOSS("fails"));
    assert_int_equal(p->module->abi_major, 1);
    assert_ptr_equal(load_plugin_named("losses/fails", &e), p);
    assert_ptr_equal(load_file(LOSS("fails"), &e), p->module);
    assert_int_equal(strlen(load_source_hash(p, &e)), 64);
    const char *so = load_so_sha256(p, &e);
    assert_int_equal(strlen(so), 64);
    assert_string_not_equal(so, load_source_hash(p, &e));
    assert_ptr_equal(load_so_sha256(p, &e), so);
}

static void finds_plugins_that_share_a_file(void **state)
{
    (void)state;
    as_error e = {{0}};
    plugin *second = load_plugin("losses", "second", &e), *first = load_plugin("losses", "first", &e);
    assert_non_null(second);
    assert_non_null(first);
    assert_ptr_equal(first->module, second->module);
    assert_string_equal(second->d.version, "1.2.0");
}

static void names_what_is_missing(void **state)
{
    (void)state;
    as_error e = {{0}};
    assert_null(load_plugin("losses", "wrong_shap", &e));
    const char *begin = "no plugin losses/wrong_shap; did you mean \"wrong_shape\"? Searched plugins, ";
    assert_memory_equal(e.text, begin, strlen(begin));
    e.text[0] = '\0';
    assert_null(load_plugin("loss", "fails", &e));
    TEXT_IS(e, "no plugin kind \"loss\"; did you mean \"losses\"?");
    assert_null(load_plugin_named("fails", &e));
    TEXT_IS(e, "\"fails\" is no plugin: write KIND/NAME, as losses/poly1");
    assert_null(load_plugin("losses", "../losses/fails", &e));
    TEXT_IS(e, "no plugin losses/../losses/fails: a name has no slash");
    assert_null(load_plugin("losses", "several", &e)); /* the file's name is no plugin's */
    TEXT_IS(e, LOSS("several") ": holds losses/first, not losses/several");
}

static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    (void)c, (void)params;
    return in[0];
}

static void descriptor_refused(as_plugin d, const char *text)
{
    as_error e = {{0}};
    signature *s;
    assert_false(load_check(&d, &s, &e));
    assert_null(s);
    assert_string_equal(e.text, text);
}

static void checks_the_descriptor(void **state)
{
    (void)state;
    const as_plugin good = {.kind = "losses",
                            .name = "x",
                            .version = "1.0.0",
                            .doc = "x",
                            .signature = "x f32[B] -> loss f32[B]",
                            .forward = forward};
    plugin p = fixture_plugin(&good);
    fixture_drop(&p);
    as_plugin d = good;
    d.name = NULL;
    descriptor_refused(d, "a plugin without .kind or .name");
    d = good, d.kind = "loss";
    descriptor_refused(d, "no plugin kind \"loss\"; did you mean \"losses\"?");
    d = good, d.name = "Poly1";
    descriptor_refused(d, "losses: name \"Poly1\" is not lower_case of less than 40 letters");
    d = good, d.version = NULL;
    descriptor_refused(d, "losses/x: has no .version like \"1.0.0\"");
    d = good, d.doc = "";
    descriptor_refused(d, "losses/x: needs .doc, one line that says what it is");
    d = good, d.forward = NULL;
    descriptor_refused(d, "losses/x: a plugin of this kind needs .forward");
    d = good, d.kind = "samplers";
    descriptor_refused(d, "samplers/x: a plugin of this kind needs .start");
    d = good, d.kind = "hooks";
    descriptor_refused(d, "hooks/x: a plugin of this kind needs .guide, .pre_step, .update or .post_step");
    d = good, d.signature = NULL;
    descriptor_refused(d, "losses/x: has no .signature");
    d = good, d.signature = "x f32[B]";
    descriptor_refused(d, "losses/x: signature: column 9: expected \",\" or \"->\", the text ends here");
    d = good, d.params_size = 8;
    descriptor_refused(d, "losses/x: params_size = 8 but no .params table");
}

int main(void)
{
    setenv("ASSAY_PLUGIN_PATH", BAD_PLUGINS, 1);
    if (chdir("/") != 0) /* where no ./plugins is */
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_files),
        cmocka_unit_test(loads_once),
        cmocka_unit_test(finds_plugins_that_share_a_file),
        cmocka_unit_test(names_what_is_missing),
        cmocka_unit_test(checks_the_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
