#include "plugin/model.h"

#include <stdlib.h>
#include <string.h>

as_state *state_new(void)
{
    return calloc(1, sizeof(as_state));
}

void state_free(as_state *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->count; i++) {
        free(s->entries[i].name);
        tensor_unref(s->entries[i].tensor);
    }
    free(s->entries);
    free(s);
}

bool state_put(as_state *s, const char *name, as_t x, as_error *e)
{
    if (state_find(s, name))
        return error_set(e, "\"%s\" stands twice in one state", name);
    if (s->count == s->capacity) {
        int capacity = s->capacity ? 2 * s->capacity : 16;
        state_entry *more = realloc(s->entries, (size_t)capacity * sizeof *more);
        if (!more)
            return error_set(e, "out of memory: a state of %d tensors", capacity);
        s->entries = more;
        s->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return error_set(e, "out of memory: the name \"%s\" of a state", name);
    s->entries[s->count++] = (state_entry){copy, tensor_ref(x)};
    return true;
}

bool state_set(as_state *s, const char *name, as_t x, as_error *e)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->entries[i].name, name) == 0) {
            as_t before = s->entries[i].tensor;
            s->entries[i].tensor = tensor_ref(x);
            tensor_unref(before);
            return true;
        }
    return state_put(s, name, x, e);
}

as_t state_find(const as_state *s, const char *name)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->entries[i].name, name) == 0)
            return s->entries[i].tensor;
    return NULL;
}
