/* The engine's memory for tensor data: a caching allocator that keeps freed pages, because getting them back
 * from the system (page faults, zeroing) costs more than most kernels.
 *
 * Engine's main thread only: no locks. Pool threads must not call it; whoever calls pool_run allocates first.
 *
 * Sizes are rounded up to classes: 64, 128, 192, 256 bytes, then four steps to each power of two (waste below
 * 25 %). A block above 256 KiB is a mapping of its own, on huge pages from 2 MiB; smaller ones are cut
 * from shared 2 MiB mappings that are kept until the process ends. All counts below are in rounded bytes.
 *
 * Under AddressSanitizer nothing is cached and every block has exactly the size asked for, so that use after
 * free, overruns and leaks are seen. */
#ifndef ASSAY_TENSOR_ALLOC_H
#define ASSAY_TENSOR_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#define ALLOC_ALIGN 64 /* bytes: a cache line, and the widest vector */

/* A block of at least `bytes` (0 counts as 1), 64-byte aligned, contents undefined; owned: give it back with
 * alloc_put. NULL when the system has no more, the limit would be passed, or alloc_fail_at asked for it.
 * With a freed block of the class at hand, getting and giving back together cost about 8 ns. */
void *alloc_get(size_t bytes);

/* Gives a block back. `bytes` is what alloc_get was asked for; p may be NULL. */
void alloc_put(void *p, size_t bytes);

size_t alloc_in_use(void); /* bytes out with callers */
size_t alloc_peak(void);   /* the most there were since the start or the last alloc_reset_peak */
size_t alloc_kept(void);   /* bytes of freed blocks kept for reuse */
void alloc_reset_peak(void);

/* At most `bytes` in use and kept together; kept ones are returned to the system before a call fails. 0 = no
 * limit. */
void alloc_limit(size_t bytes);

/* For tests of out-of-memory paths: the n-th alloc_get from now fails (1 = the next), once. 0 = none. */
void alloc_fail_at(int64_t n);

/* For the conformance check: from now on every block has 64 bytes of a known pattern before and behind it,
 * looked at when the block is given back. To be called before the first alloc_get. */
void alloc_guard(void);
int64_t alloc_guards_broken(void); /* blocks given back whose pattern was gone */

/* With guards: blocks are filled with this byte when they are handed out, so that what is read before it is
 * written differs from one byte to another. 0: not filled. */
void alloc_litter(int byte);

/* Returns the kept blocks above 256 KiB to the system. */
void alloc_trim(void);

#endif
