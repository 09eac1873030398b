#include "tensor/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define CACHING 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CACHING 0
#endif
#endif
#ifndef CACHING
#define CACHING 1
#endif

/* Class c holds blocks of 1, 2, 3, 4, then 5, 6, 7, 8, then 10, 12, 14, 16, ... times 64 bytes. */
enum {
    CLASSES = 128, /* up to MOST_BYTES */
    OWN_CLASS = 44 /* the first above 256 KiB: 320 KiB. From here on a block is a mapping of its own */
};
#define MOST_BYTES ((size_t)1 << 39)
#define HUGE_BYTES ((size_t)2 << 20) /* a huge page, and the chunk smaller blocks are cut from */

static size_t in_use, peak, kept, limit;
static size_t high_water; /* the most ever in use, which alloc_reset_peak does not lower */
static int64_t fail_countdown;

static int class_of(size_t bytes)
{
    size_t units = bytes ? (bytes + ALLOC_ALIGN - 1) / ALLOC_ALIGN : 1;
    if (units <= 4)
        return (int)units - 1;
    int shift = 61 - __builtin_clzll(units - 1); /* log2 of the step: four steps to a power of two */
    return shift * 4 + (int)((units - 1) >> shift);
}

static size_t class_bytes(int c)
{
    if (c < 4)
        return (size_t)(c + 1) * ALLOC_ALIGN;
    return ((size_t)(c & 3) + 5) * ALLOC_ALIGN << ((c >> 2) - 1);
}

static bool fails_now(void)
{
    return fail_countdown > 0 && --fail_countdown == 0;
}

static void *count_out(void *p, size_t size)
{
    in_use += size;
    if (in_use > peak)
        peak = in_use;
    if (in_use > high_water)
        high_water = in_use;
    return p;
}

static bool over_limit(size_t more)
{
    return limit && (in_use + kept > limit || more > limit - in_use - kept);
}

#if CACHING

typedef struct block {
    struct block *next;
} block;

static block *freed[CLASSES];
static char *chunk; /* what is left of the chunk being cut */
static size_t chunk_left;

static void keep(void *p, int c)
{
    block *b = p;
    b->next = freed[c];
    freed[c] = b;
    kept += class_bytes(c);
}

/* Fresh zero pages; from 2 MiB up aligned to huge pages. NULL when there are none. */
static void *map(size_t size)
{
    size_t slack = size >= HUGE_BYTES ? HUGE_BYTES : 0;
    char *p = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    if (!slack)
        return p;
    size_t head = -(uintptr_t)p & (HUGE_BYTES - 1);
    if (head)
        munmap(p, head);
    if (slack - head)
        munmap(p + head + size, slack - head);
    madvise(p + head, size, MADV_HUGEPAGE); /* advice: a kernel without it still works */
    return p + head;
}

/* The rest of a chunk too small for the block wanted becomes smaller blocks. */
static void keep_rest(void)
{
    for (int c = OWN_CLASS - 1; c >= 0; c--)
        for (size_t size = class_bytes(c); chunk_left >= size; chunk_left -= size) {
            keep(chunk, c);
            chunk += size;
        }
}

static void *cut(size_t size)
{
    if (chunk_left < size) {
        char *fresh = map(HUGE_BYTES);
        if (!fresh)
            return NULL;
        keep_rest();
        chunk = fresh;
        chunk_left = HUGE_BYTES;
    }
    char *p = chunk;
    chunk += size;
    chunk_left -= size;
    return p;
}

/* No freed block of the class: from the system. */
static void *get_fresh(int c, size_t size)
{
    /* Sizes that never come back must not pile up: what is kept stays below what was ever in use at once. */
    if (kept > high_water || over_limit(size))
        alloc_trim();
    if (over_limit(size))
        return NULL;
    void *p = c < OWN_CLASS ? cut(size) : map(size);
    if (!p && kept) {
        alloc_trim();
        p = c < OWN_CLASS ? cut(size) : map(size);
    }
    return p ? count_out(p, size) : NULL;
}

static void *get(size_t bytes)
{
    if (fails_now() || bytes > MOST_BYTES)
        return NULL;
    int c = class_of(bytes);
    size_t size = class_bytes(c);
    block *b = freed[c];
    if (!b)
        return get_fresh(c, size);
    freed[c] = b->next;
    kept -= size;
    return count_out(b, size);
}

static void put(void *p, size_t bytes)
{
    if (!p)
        return;
    int c = class_of(bytes);
    in_use -= class_bytes(c);
    keep(p, c);
}

void alloc_trim(void)
{
    for (int c = OWN_CLASS; c < CLASSES; c++) {
        size_t size = class_bytes(c);
        for (block *b = freed[c], *next; b; b = next) {
            next = b->next;
            munmap(b, size);
            kept -= size;
        }
        freed[c] = NULL;
    }
}

#else

static void *get(size_t bytes)
{
    void *p;
    if (fails_now() || bytes > MOST_BYTES)
        return NULL;
    size_t size = class_bytes(class_of(bytes));
    if (over_limit(size) || posix_memalign(&p, ALLOC_ALIGN, bytes ? bytes : 1))
        return NULL;
    return count_out(p, size);
}

static void put(void *p, size_t bytes)
{
    if (p)
        in_use -= class_bytes(class_of(bytes));
    free(p);
}

void alloc_trim(void)
{
}

#endif

/* ---- guards: [pattern][the block, then pattern up to a whole 64 bytes][pattern] ---- */

enum { PATTERN = 0xA5 };
static bool guarded;
static int litter; /* what fresh blocks hold; 0: what they happen to */
static int64_t guards_broken;

static size_t padded(size_t bytes)
{
    return (bytes + 3 * ALLOC_ALIGN - 1) / ALLOC_ALIGN * ALLOC_ALIGN;
}

static bool intact(const unsigned char *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (from[i] != PATTERN)
            return false;
    return true;
}

void alloc_guard(void)
{
    guarded = true;
}

void alloc_litter(int byte)
{
    litter = byte;
}

int64_t alloc_guards_broken(void)
{
    return guards_broken;
}

void *alloc_get(size_t bytes)
{
    if (!guarded)
        return get(bytes);
    if (bytes > MOST_BYTES)
        return NULL;
    unsigned char *p = get(padded(bytes));
    if (!p)
        return NULL;
    memset(p, PATTERN, ALLOC_ALIGN);
    if (litter)
        memset(p + ALLOC_ALIGN, litter, bytes);
    memset(p + ALLOC_ALIGN + bytes, PATTERN, padded(bytes) - ALLOC_ALIGN - bytes);
    return p + ALLOC_ALIGN;
}

void alloc_put(void *p, size_t bytes)
{
    if (!guarded || !p) {
        put(p, bytes);
        return;
    }
    unsigned char *start = (unsigned char *)p - ALLOC_ALIGN;
    guards_broken += !intact(start, ALLOC_ALIGN) ||
                     !intact(start + ALLOC_ALIGN + bytes, padded(bytes) - ALLOC_ALIGN - bytes);
    put(start, padded(bytes));
}

size_t alloc_in_use(void)
{
    return in_use;
}

size_t alloc_peak(void)
{
    return peak;
}

size_t alloc_kept(void)
{
    return kept;
}

void alloc_reset_peak(void)
{
    peak = in_use;
}

void alloc_limit(size_t bytes)
{
    limit = bytes;
    if (over_limit(0))
        alloc_trim();
}

void alloc_fail_at(int64_t n)
{
    fail_countdown = n;
}
