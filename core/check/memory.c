/* Memory: allocations that fail, leaks, writes outside of tensors. */
#include "check/internal.h"

#include "tensor/alloc.h"

#include <malloc.h>
#include <stdio.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Call n fails at its n-th allocation. -> whether it went well after all */
static bool fail_at(subject *s, fresh *f, int64_t n, const point *before, const outputs *wanted)
{
    outputs o = {0};
    as_error e = {{0}};
    if (!point_restore(s, f->i, &f->in, before)) {
        subject_refused(s, "loading a state after a failed allocation");
        return true;
    }
    instance_forget_sampling(f->i); /* what a sampling keeps by item goes with the next start */
    size_t bytes = alloc_in_use();
    alloc_fail_at(n);
    bool good = subject_call(s, f->i, &f->in, &o);
    alloc_fail_at(0);
    if (good && !outputs_equal(s->c, &o, wanted))
        subject_fail(s, "allocation %lld failed, the call went on and gave other numbers", (long long)n);
    outputs_drop(&o);
    instance_forget_sampling(f->i);
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
    point before = {0};
    int64_t n = 1, step = 1, tried = 0;
    bool good = fresh_open(s, &f) && subject_call(s, f.i, &f.in, &o) && point_take(s, f.i, &f.in, &before) &&
                subject_call(s, f.i, &f.in, &wanted);
    double start = seconds();
    if (!good)
        subject_refused(s, "a call before any allocation fails");
    while (good && s->result == CHECK_PASSED && !fail_at(s, &f, n, &before, &wanted)) {
        tried++;
        if (seconds() - start > 2)
            step = n; /* the rest in growing steps */
        n += step;
    }
    if (s->result == CHECK_PASSED)
        snprintf(s->error.text, sizeof s->error.text, "%lld failing allocations", (long long)tried);
    outputs_drop(&o);
    outputs_drop(&wanted);
    point_drop(&before);
    fresh_close(&f);
}

static size_t heap_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* Lua's garbage is no leak. */
static void collect(const subject *s)
{
    const load_scripts *scripts = s->p->module->scripts;
    if (scripts)
        scripts->collect(scripts->self);
}

/* Bytes of tensors must be the same after each call; bytes of the plugin's own malloc must not grow in each
 * of two rows of calls. */
void check_leaks(subject *s)
{
    enum { CALLS = 8 };
    fresh f;
    size_t tensors[3], heap[3];
    int calls = s->p->d.forward || s->p->d.score || s->p->d.merge ? CALLS : 2;
    size_t around = alloc_in_use();
    bool good = fresh_open(s, &f) && subject_call_times(s, &f, 3);
    for (int k = 0; k < 3 && good; k++) {
        collect(s);
        tensors[k] = alloc_in_use();
        heap[k] = heap_bytes();
        good = k == 2 || subject_call_times(s, &f, calls);
    }
    fresh_close(&f);
    collect(s);
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
    if (!fresh_open(s, &f) || !subject_call_times(s, &f, 2))
        subject_refused(s, "a further call");
    fresh_close(&f);
    if (alloc_guards_broken() > broken)
        subject_fail(s, "wrote outside of a tensor: the bytes before or behind its items were changed");
    else if (broken > 0)
        subject_fail(s, "an earlier check wrote outside of a tensor");
}
