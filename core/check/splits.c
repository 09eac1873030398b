/* Data sets: a split is the same however often and in whatever order splits are read. */
#include "check/internal.h"

#include <string.h>

static bool same_fields(as_ctx *c, const as_state *a, const as_state *b)
{
    bool same = a->count == b->count;
    for (int k = 0; same && k < a->count; k++)
        same = strcmp(a->entries[k].name, b->entries[k].name) == 0 &&
               tensor_equal(c, a->entries[k].tensor, b->entries[k].tensor);
    return same;
}

/* One split of a fresh instance, read again there and last in an instance that has read all others. */
static void compare_split(subject *s, instance *alone, instance *last, const char *split)
{
    as_scope scope = scope_open(s->c);
    as_state *first = call_read(alone, split), *again = first ? call_read(alone, split) : NULL;
    if (!again)
        subject_refused(s, split);
    else if (!same_fields(s->c, first, again))
        subject_fail(s, "split \"%s\" read twice gave other items", split);
    state_free(again);
    for (int k = 0; first && s->result == CHECK_PASSED && k < last->split_count; k++)
        if (strcmp(last->splits[k], split) != 0)
            state_free(call_read(last, last->splits[k]));
    again = first && s->result == CHECK_PASSED ? call_read(last, split) : NULL;
    if (again && !same_fields(s->c, first, again))
        subject_fail(s, "split \"%s\" read after the others gave other items", split);
    if (!context_ok(s->c))
        subject_refused(s, split);
    state_free(first);
    state_free(again);
    scope_close(s->c, scope, NULL);
}

void check_splits(subject *s)
{
    static const char unknown[] = "no such split";
    instance *names = subject_instance(s);
    bool good = names && call_open(names);
    for (int k = 0; good && k < names->split_count; k++) {
        instance *alone = subject_instance(s), *last = subject_instance(s);
        if (alone && last && call_open(last))
            compare_split(s, alone, last, names->splits[k]);
        instance_free(alone);
        instance_free(last);
    }
    if (good && call_read(names, unknown))
        subject_fail(s, "a split that it does not have was read");
    else if (good && !subject_forget(s, NULL))
        subject_fail(s, "an unknown split was refused without a text");
    if (!good)
        subject_refused(s, "opening");
    instance_free(names);
}
