/* What a plugin keeps and what it leaves behind: state, repeats, memory. */
#include "check/internal.h"

#include "tensor/alloc.h"

#include <malloc.h>
#include <stdio.h>
#include <time.h>

/* A fresh instance and fresh inputs, for calls may train what they are given. */
typedef struct {
    instance *i;
    inputs in;
} fresh;

static bool fresh_open(subject *s, fresh *f)
{
    *f = (fresh){0};
    if (!inputs_make(s->c, s->p, s->values, s->sort, &f->in))
        return false;
    f->i = instance_new(s->c, s->p, s->params, f->in.in, f->in.n, 0);
    return f->i != NULL;
}

static void fresh_close(fresh *f)
{
    instance_free(f->i);
    inputs_free(&f->in);
}

static bool call_twice(subject *s, outputs o[2])
{
    fresh f;
    bool good = fresh_open(s, &f);
    for (int k = 0; good && k < 2; k++)
        good = subject_call(s, f.i, &f.in, &o[k]);
    fresh_close(&f);
    return good;
}

/* Two new instances of one number do the same: nothing comes from clocks, globals or other random numbers. */
void check_repeat(subject *s)
{
    outputs a[2] = {{0}}, b[2] = {{0}};
    if (!call_twice(s, a) || !call_twice(s, b))
        subject_refused(s, "a call with the inputs it took before");
    for (int k = 0; k < 2 && s->result == CHECK_PASSED; k++)
        if (!outputs_equal(s->c, &a[k], &b[k]))
            subject_fail(s,
                         "call %d of two new instances gave other bits: a draw that is not as_rand's, or"
                         " something kept outside the instance",
                         k + 1);
    for (int k = 0; k < 2; k++) {
        outputs_drop(&a[k]);
        outputs_drop(&b[k]);
    }
}

/* ---- state ---- */

/* Call 3 of an instance against the same call of another that loaded the state after call 2. */
static bool compare_loaded(subject *s, fresh *f, const as_state *saved)
{
    outputs first = {0}, second = {0};
    fresh g;
    bool good = fresh_open(s, &g) && instance_load(g.i, saved);
    /* models that calls 1 and 2 have trained are given to both */
    bool trains = s->p->d.step != NULL;
    as_state *after = NULL, *loaded_after = NULL;
    good = good && subject_call(s, f->i, &f->in, &first) && (after = subject_snapshot(s, f->i));
    good = good && subject_call(s, g.i, trains ? &g.in : &f->in, &second) &&
           (loaded_after = subject_snapshot(s, g.i));
    if (!good)
        subject_refused(s, "a call after loading");
    else if (!trains && !outputs_equal(s->c, &first, &second))
        subject_fail(s, "a new instance that loaded the state gave other bits: something the next call needs"
                        " is not registered");
    else if (!trains && !states_equal(s->c, after, loaded_after))
        subject_fail(s, "the same call left another state in an instance that loaded the state before it");
    outputs_drop(&first);
    outputs_drop(&second);
    state_free(after);
    state_free(loaded_after);
    fresh_close(&g);
    return s->result == CHECK_PASSED;
}

/* From the saved state one instance does the same again. */
static bool compare_restored(subject *s, fresh *f, const as_state *saved)
{
    outputs first = {0}, second = {0};
    bool good = instance_load(f->i, saved) && subject_call(s, f->i, &f->in, &first) &&
                instance_load(f->i, saved) && subject_call(s, f->i, &f->in, &second);
    if (!good)
        subject_refused(s, "a call after loading");
    else if (!s->p->d.step && !outputs_equal(s->c, &first, &second))
        subject_fail(s,
                     "the same call from the same restored state gave other bits: something it keeps is not"
                     " registered");
    outputs_drop(&first);
    outputs_drop(&second);
    return s->result == CHECK_PASSED;
}

void check_state(subject *s)
{
    fresh f;
    as_state *saved = NULL;
    bool good = fresh_open(s, &f);
    for (int k = 0; good && k < 2; k++) {
        outputs o;
        good = subject_call(s, f.i, &f.in, &o);
        outputs_drop(&o);
    }
    if (good && !f.i->self && f.i->state_count == 0 && f.i->stream_count == 0) {
        fresh_close(&f);
        subject_leave(s, "it keeps nothing");
        return;
    }
    good = good && (saved = subject_snapshot(s, f.i));
    if (!good)
        subject_refused(s, "calls before saving");
    else if (compare_restored(s, &f, saved) && instance_load(f.i, saved))
        compare_loaded(s, &f, saved);
    state_free(saved);
    fresh_close(&f);
}

/* ---- memory ---- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Call n fails at its n-th allocation. -> whether it went well after all */
static bool fail_at(subject *s, fresh *f, int64_t n, const as_state *before, const outputs *wanted)
{
    outputs o = {0};
    as_error e = {{0}};
    if (!instance_load(f->i, before)) {
        subject_refused(s, "loading a state after a failed allocation");
        return true;
    }
    size_t bytes = alloc_in_use();
    alloc_fail_at(n);
    bool good = subject_call(s, f->i, &f->in, &o);
    alloc_fail_at(0);
    if (good && !outputs_equal(s->c, &o, wanted))
        subject_fail(s, "allocation %lld failed, the call went on and gave other numbers", (long long)n);
    outputs_drop(&o);
    if (!good && !subject_forget(s, &e))
        subject_fail(s, "allocation %lld failed, the call failed without a text", (long long)n);
    if (!good && alloc_in_use() > bytes)
        subject_fail(s, "after allocation %lld failed %zu bytes are kept", (long long)n,
                     alloc_in_use() - bytes);
    return good;
}

void check_memory(subject *s)
{
    fresh f;
    outputs wanted = {0}, o = {0};
    as_state *before = NULL;
    int64_t n = 1, step = 1, tried = 0;
    if (s->p->d.step) {
        subject_leave(s, "a step changes the models it is given");
        return;
    }
    bool good = fresh_open(s, &f) && subject_call(s, f.i, &f.in, &o) && (before = subject_snapshot(s, f.i)) &&
                subject_call(s, f.i, &f.in, &wanted);
    double start = seconds();
    if (!good)
        subject_refused(s, "a call before any allocation fails");
    while (good && s->result == CHECK_PASSED && !fail_at(s, &f, n, before, &wanted)) {
        tried++;
        if (seconds() - start > 2)
            step = n; /* the rest in growing steps */
        n += step;
    }
    if (s->result == CHECK_PASSED)
        snprintf(s->error.text, sizeof s->error.text, "%lld failing allocations", (long long)tried);
    outputs_drop(&o);
    outputs_drop(&wanted);
    state_free(before);
    fresh_close(&f);
}

static size_t heap_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static bool call_times(subject *s, fresh *f, int times)
{
    for (int k = 0; k < times; k++) {
        outputs o;
        bool good = subject_call(s, f->i, &f->in, &o);
        outputs_drop(&o);
        if (!good)
            return false;
    }
    return true;
}

/* Bytes of tensors must be the same after each call; bytes of the plugin's own malloc must not grow in each
 * of two rows of calls. */
void check_leaks(subject *s)
{
    enum { CALLS = 8 };
    fresh f;
    size_t tensors[3], heap[3];
    int calls = s->p->d.read || s->p->d.start ? 2 : CALLS;
    size_t around = alloc_in_use();
    bool good = fresh_open(s, &f) && call_times(s, &f, 3);
    for (int k = 0; k < 3 && good; k++) {
        tensors[k] = alloc_in_use();
        heap[k] = heap_bytes();
        good = k == 2 || call_times(s, &f, calls);
    }
    fresh_close(&f);
    if (!good)
        subject_refused(s, "a further call");
    else if (tensors[2] > tensors[1] && tensors[1] > tensors[0])
        subject_fail(s, "%zu bytes of tensors more after each of %d calls", (tensors[2] - tensors[1]) / calls,
                     calls);
    else if (heap[1] >= heap[0] + (size_t)calls * 16 && heap[2] >= heap[1] + (size_t)calls * 16)
        subject_fail(s, "%zu bytes more after each call: malloc without free",
                     (heap[2] - heap[1]) / (size_t)calls);
    else if (alloc_in_use() > around)
        subject_fail(s, "%zu bytes of tensors are kept after the instance is gone", alloc_in_use() - around);
}

void check_guards(subject *s)
{
    int64_t broken = alloc_guards_broken();
    fresh f;
    if (!fresh_open(s, &f) || !call_times(s, &f, 2))
        subject_refused(s, "a further call");
    fresh_close(&f);
    if (alloc_guards_broken() > broken)
        subject_fail(s, "wrote outside of a tensor: the bytes before or behind its items were changed");
    else if (broken > 0)
        subject_fail(s, "an earlier check wrote outside of a tensor");
}
