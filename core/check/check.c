#include "check/internal.h"

#include <string.h>

enum { ANYHOW, WITH_INPUTS, REPEATABLE };

/* In this order. What compares several calls says nothing of a plugin that does not repeat. */
static const struct {
    const char *name;
    check *run;
    int needs;
} checks[] = {
    {"schema", check_schema, ANYHOW},          {"calls", check_calls, WITH_INPUTS},
    {"repeat", check_repeat, WITH_INPUTS},     {"state", check_state, WITH_INPUTS},
    {"ranges", check_ranges, ANYHOW},          {"wrong inputs", check_wrong_inputs, WITH_INPUTS},
    {"extremes", check_extremes, WITH_INPUTS}, {"items", check_items, REPEATABLE},
    {"gradient", check_gradient, REPEATABLE},  {"second gradient", check_second_gradient, REPEATABLE},
    {"allocation", check_memory, REPEATABLE},  {"leaks", check_leaks, WITH_INPUTS},
    {"guards", check_guards, WITH_INPUTS},
};

/* A data set whose files are not here, a kind that needs a host object: told, not failed. */
static bool may_lack(const plugin *p, const char *text)
{
    return strstr(text, "assay data get") || strstr(text, "no data set to give") ||
           strstr(text, "not called alone") || (p->d.read && strstr(text, "not found in"));
}

static void run(subject *s, size_t k, const char *lacking, bool *repeats, const check_sink *sink)
{
    bool compares = checks[k].run == check_repeat || checks[k].run == check_state;
    s->result = CHECK_PASSED;
    s->error.text[0] = 0;
    sink->begin(sink->self, checks[k].name);
    if (checks[k].needs == ANYHOW || (s->usable && (checks[k].needs == WITH_INPUTS || *repeats)))
        checks[k].run(s);
    else if (s->usable)
        subject_leave(s, "its calls do not repeat: see repeat and state");
    else if (checks[k].run != check_calls)
        subject_leave(s, "not called: see calls");
    else if (may_lack(s->p, lacking))
        subject_leave(s, "not called: %.900s", lacking);
    else
        subject_fail(s, "refused all inputs made from its signature: %.900s", lacking);
    subject_forget(s, NULL);
    *repeats &= !compares || s->result != CHECK_FAILED;
    sink->end(sink->self, checks[k].name, s->result, s->error.text);
}

void check_plugin(as_ctx *c, plugin *p, const check_sink *sink)
{
    subject s;
    as_error lacking = {{0}};
    bool repeats = true;
    sink->begin(sink->self, "first call");
    if (!subject_open(&s, c, p))
        subject_forget(&s, &lacking);
    for (size_t k = 0; k < sizeof checks / sizeof *checks; k++)
        run(&s, k, lacking.text, &repeats, sink);
    subject_close(&s);
}
