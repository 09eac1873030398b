/* Whether a descriptor is in order, told to its author in one line. */
#include "plugin/find.h"
#include "plugin/load.h"
#include "plugin/param.h"

#include <ctype.h>
#include <string.h>

static bool check_name(const as_plugin *d, as_error *e)
{
    if (!d->kind || !d->name)
        return error_set(e, "a plugin without .kind or .name");
    if (!find_kind(d->kind, e))
        return false;
    bool good = islower((unsigned char)*d->name) && strlen(d->name) < 40;
    for (const char *c = d->name; *c; c++)
        good = good && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
    if (!good)
        return error_set(e, "%s: name \"%s\" is not lower_case of less than 40 letters", d->kind, d->name);
    return true;
}

static bool check_words(const as_plugin *d, as_error *e)
{
    if (!d->version || !isdigit((unsigned char)*d->version))
        return error_set(e, "%s/%s: has no .version like \"1.0.0\"", d->kind, d->name);
    if (!d->doc || !*d->doc || strchr(d->doc, '\n'))
        return error_set(e, "%s/%s: needs .doc, one line that says what it is", d->kind, d->name);
    return true;
}

/* The calls without which a kind is nothing. */
static bool check_calls(const as_plugin *d, as_error *e)
{
    const struct {
        const char *kind, *first, *second;
        bool has_first, has_second;
    } calls[] = {
        {"losses", ".forward", NULL, d->forward, true},
        {"heads", ".forward", NULL, d->forward, true},
        {"samplers", ".start", ".advance (or .draw alone)", d->start || d->draw, d->advance || d->draw},
        {"hooks", ".guide, .pre_step, .update or .post_step", NULL,
         d->guide || d->pre_step || d->update || d->post_step, true},
        {"distillers", ".step", NULL, d->step, true},
        {"soups", ".merge", NULL, d->merge, true},
        {"scores", ".score", NULL, d->score, true},
        {"adapters", ".adapt", NULL, d->adapt, true},
        {"datasets", ".open", ".read", d->open, d->read},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i].kind, d->kind) != 0)
            continue;
        if (!calls[i].has_first || !calls[i].has_second)
            return error_set(e, "%s/%s: a plugin of this kind needs %s", d->kind, d->name,
                             calls[i].has_first ? calls[i].second : calls[i].first);
        return true;
    }
    return error_set(e, "%s/%s: ABI %d.%d has no calls for %s", d->kind, d->name, LOAD_ABI_MAJOR,
                     LOAD_ABI_MINOR, d->kind);
}

bool load_check(const as_plugin *d, signature **sig, as_error *e)
{
    *sig = NULL;
    if (!check_name(d, e) || !check_words(d, e) || !check_calls(d, e))
        return false;
    as_error inner = {{0}};
    if (!param_check_table(d, &inner))
        return error_set(e, "%s/%s: %s", d->kind, d->name, inner.text);
    if (!d->signature && strcmp(d->kind, "datasets") != 0)
        return error_set(e, "%s/%s: has no .signature", d->kind, d->name);
    *sig = signature_parse(d->signature, d->params, &inner);
    return *sig || error_set(e, "%s/%s: %s", d->kind, d->name, inner.text);
}
