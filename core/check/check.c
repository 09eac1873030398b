#include "check/internal.h"

#include <stdio.h>
#include <string.h>

typedef enum { ANYHOW, WITH_INPUTS, REPEATABLE } needs;

#define DIFFERENTIABLE "losses heads scores adapters"
#define CALLED "losses heads samplers hooks distillers soups scores adapters"

/* In this order. What compares several calls says nothing of a plugin that does not repeat. */
static const struct {
    check_about about;
    check *run;
    needs needs;
} checks[] = {
    {{"schema", "descriptor, table of parameters, signature; a parameter it does not have is refused", ""},
     check_schema,
     ANYHOW},
    {{"calls",
      "declared shapes are taken, also without what is optional, of 1, 2 and 3 states, and in evaluation;"
      " outputs are as declared and finite; inputs stay as they were",
      ""},
     check_calls,
     WITH_INPUTS},
    {{"repeat", "two new instances give the same bits, over memory filled with other bytes", ""},
     check_repeat,
     WITH_INPUTS},
    {{"state",
      "saved, then loaded into the same and into another instance: the same bits, the same next state", ""},
     check_state,
     WITH_INPUTS},
    {{"reset", "after a reset the bits of a new instance", ""}, check_reset, WITH_INPUTS},
    {{"training", "a step moves the models of its groups and no other model", "distillers"},
     check_training,
     WITH_INPUTS},
    {{"splits", "a split read twice, and after the others, is the same; an unknown one is refused",
      "datasets"},
     check_splits,
     WITH_INPUTS},
    {{"ranges",
      "both ends of every range, also of lists, every choice and a tensor of the right type work and give"
      " finite numbers; just outside is refused by name",
      ""},
     check_ranges,
     ANYHOW},
    {{"wrong inputs",
      "another dtype, one axis more or less, a value at its bound and -1, nothing; a state of other names or"
      " shapes",
      CALLED},
     check_wrong_inputs,
     WITH_INPUTS},
    {{"extremes", "inputs of 0, 1, 1e4, 1e15, 1e-30: finite or refused; losses and heads do not swallow NaN",
      CALLED},
     check_extremes,
     WITH_INPUTS},
    {{"items", "where the signature says |items: items, or states, in another order", CALLED},
     check_items,
     REPEATABLE},
    {{"gradient",
      "against central differences in f64, with what the method stops held constant; where the signature says"
      " |stop something is stopped, elsewhere nothing",
      DIFFERENTIABLE},
     check_gradient,
     REPEATABLE},
    {{"second gradient", "the same of the first gradient; a refusal is told, not failed", DIFFERENTIABLE},
     check_second_gradient,
     REPEATABLE},
    {{"allocation",
      "the n-th allocation fails, for all n (in growing steps after two seconds): refused,"
      " nothing kept",
      ""},
     check_memory,
     REPEATABLE},
    {{"leaks", "bytes of tensors and of malloc over rows of calls", ""}, check_leaks, WITH_INPUTS},
    {{"guards", "a pattern before and behind every tensor's memory is as it was", ""},
     check_guards,
     WITH_INPUTS},
};

bool check_at(int k, check_about *about)
{
    if (k < 0 || (size_t)k >= sizeof checks / sizeof *checks)
        return false;
    *about = checks[k].about;
    return true;
}

bool check_is_for(const check_about *about, const char *kind)
{
    size_t n = strlen(kind);
    for (const char *at = about->kinds; (at = strstr(at, kind)) != NULL; at += n)
        if ((at == about->kinds || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return !*about->kinds;
}

/* A data set whose files are not here: told, not failed. */
static bool may_lack(const plugin *p, const char *text)
{
    return p->d.read && (strstr(text, "assay data get") || strstr(text, "not found in"));
}

/* Once more with its tensors given: the code behind them is another. */
static void run_given(subject *s, check *tried)
{
    cJSON *ordinary = s->params;
    check_result before = s->result;
    as_error text = s->error;
    s->params = s->given;
    s->result = CHECK_PASSED;
    tried(s);
    s->params = ordinary;
    if (s->result == CHECK_FAILED) {
        text = s->error;
        snprintf(s->error.text, sizeof s->error.text, "with its tensors given: %.900s", text.text);
    } else {
        s->result = before;
        s->error = text;
    }
}

static void run(subject *s, int k, const char *lacking, bool *repeats, const check_sink *sink)
{
    bool compares = checks[k].run == check_repeat || checks[k].run == check_state;
    s->result = CHECK_PASSED;
    s->error.text[0] = 0;
    sink->begin(sink->self, checks[k].about.name);
    if (checks[k].needs == ANYHOW || (s->usable && (checks[k].needs == WITH_INPUTS || *repeats))) {
        checks[k].run(s);
        if (s->given && s->result != CHECK_FAILED && checks[k].run != check_schema)
            run_given(s, checks[k].run);
    } else if (s->usable)
        subject_leave(s, "its calls do not repeat: see repeat and state");
    else if (checks[k].run != check_calls)
        subject_leave(s, "not called: see calls");
    else if (may_lack(s->p, lacking))
        subject_leave(s, "not called: %.900s", lacking);
    else
        subject_fail(s, "refused all inputs made from its signature: %.900s", lacking);
    subject_forget(s, NULL);
    *repeats &= !compares || s->result != CHECK_FAILED;
    sink->end(sink->self, checks[k].about.name, s->result, s->error.text);
}

void check_plugin(as_ctx *c, plugin *p, const check_sink *sink)
{
    subject s;
    as_error lacking = {{0}};
    bool repeats = true;
    check_about about;
    sink->begin(sink->self, "first call");
    if (!subject_open(&s, c, p))
        subject_forget(&s, &lacking);
    for (int k = 0; check_at(k, &about); k++)
        if (check_is_for(&about, p->d.kind))
            run(&s, k, lacking.text, &repeats, sink);
    subject_close(&s);
}
