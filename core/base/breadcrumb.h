/* Where a worker is, in memory shared with its supervisor, so that a crash can be reported by a process that
 * did not crash: a small stack of (plugin, call), since callbacks nest, the step, and what the signal handler
 * saw. One writer (the worker's main thread and its signal handler), any number of readers. */
#ifndef ASSAY_BASE_BREADCRUMB_H
#define ASSAY_BASE_BREADCRUMB_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdint.h>

#define BREADCRUMB_DEPTH 16
#define BREADCRUMB_FD_ENV "ASSAY_BREADCRUMB_FD" /* the inherited descriptor of the shared memory */

typedef struct {
    char plugin[48]; /* "losses/poly1" */
    char call[24];   /* "forward" */
} breadcrumb_frame;

typedef struct {
    _Atomic int depth;           /* calls under way; frames beyond BREADCRUMB_DEPTH are counted, not named */
    _Atomic int64_t step, total; /* the training loop's position; total is 0 while unknown */
    _Atomic int signal;          /* what the handler caught, 0 if nothing */
    _Atomic uintptr_t address;   /* where it faulted, 0 if it was sent a signal */
    breadcrumb_frame frame[BREADCRUMB_DEPTH];
} breadcrumb;

/* Supervisor: a new page (munmap it) and its descriptor, to be the child's; -1 with `e` set on failure. */
int breadcrumb_share(breadcrumb **shared, as_error *e);

/* Worker: the shared page named by BREADCRUMB_FD_ENV, or a private one. Never NULL. */
breadcrumb *breadcrumb_here(void);

void breadcrumb_push(breadcrumb *b, const char *plugin, const char *call);
void breadcrumb_pop(breadcrumb *b);

/* The innermost named frame at the time of reading, or NULL outside plugins. */
const breadcrumb_frame *breadcrumb_top(const breadcrumb *b);

/* Worker: catches SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT on the calling thread's own signal stack, notes
 * signal and address, then dies of the same signal. Call once in main and once in every pool thread. */
void breadcrumb_catch(void);

#endif
