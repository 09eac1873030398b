/* What tests of the plugin host share: a context with all services, a plugin made of a descriptor in the
 * test, the folder of the bad plugins. */
#ifndef ASSAY_TESTS_PLUGIN_FIXTURE_H
#define ASSAY_TESTS_PLUGIN_FIXTURE_H

#include "engine.h"

#include "plugin/call.h"
#include "plugin/services.h"

#include <string.h>

#define BAD_PLUGINS ASSAY_TEST_BUILD "/tests/plugins"

static inline as_ctx *plugin_context(void)
{
    as_ctx *c = context_new(services_table(), 1);
    assert_non_null(c);
    return c;
}

static inline int plugin_context_setup(void **state)
{
    *state = plugin_context();
    return 0;
}

static inline int plugin_context_teardown(void **state)
{
    context_free(*state);
    return 0;
}

/* As the loader makes it; fixture_drop after use. */
static inline plugin fixture_plugin(const as_plugin *d)
{
    plugin p = {.d = *d};
    as_error e = {{0}};
    char *name = NULL;
    if (!load_check(&p.d, &p.signature, &e))
        fail_msg("%s", e.text);
    assert_true(asprintf(&name, "%s/%s", d->kind, d->name) > 0);
    p.name = name;
    return p;
}

static inline void fixture_drop(plugin *p)
{
    signature_free(p->signature);
    free((char *)p->name);
}

static inline as_t f32_vector(as_ctx *c, int64_t n, const float *values)
{
    return tensor_from(c, AS_F32, (as_dims){.rank = 1, .size = {n}}, values);
}

#define TEXT_IS(e, expected)                                                                                 \
    do {                                                                                                     \
        assert_string_equal((e).text, expected);                                                             \
        (e).text[0] = '\0';                                                                                  \
    } while (0)

#endif
