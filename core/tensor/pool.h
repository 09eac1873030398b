/* The engine's one thread pool. Work is cut into pieces by its shape alone, never by the number of threads,
 * and each piece is run by one thread, so results have the same bits at any thread count.
 *
 * Waiting never burns a scheduler slice: both sides spin for about 50 us, then sleep in the kernel, so a
 * descheduled thread costs its own delay and no more. */
#ifndef ASSAY_TENSOR_POOL_H
#define ASSAY_TENSOR_POOL_H

#include <stdint.h>

#define POOL_THREADS_MAX 64

/* Sets how many threads run pieces, the caller's included: 1 = the caller alone, 0 = one a core. May be
 * called again at any time outside pool_run; threads no longer needed sleep until the process ends. Returns
 * the number there are, less than asked for when the system gives no more (or above POOL_THREADS_MAX).
 * Engine's main thread only. */
int pool_start(int threads);

/* 1 until pool_start. */
int pool_threads(void);

/* Calls f(arg, piece) once for every piece in 0 .. pieces-1, in no particular order, the caller taking part,
 * and returns when all are done: what a piece wrote, the caller sees. Pieces must not depend on one another,
 * must not call alloc_get, Lua or a plugin. Called from inside a piece it runs serially. Engine's main thread
 * only. Costs (Zen 4, 2 threads): well below a microsecond over the work while the threads are hot, tens of
 * microseconds to wake a sleeping one; a single piece, or 1 thread, is a plain loop. */
void pool_run(int64_t pieces, void (*f)(void *arg, int64_t piece), void *arg);

#endif
