#include "tensor/pool.h"

#include "base/breadcrumb.h"
#include "tensor/cpu.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A thread that waits spins this long before it sleeps: longer than the gap between two kernels of a training
 * step, far shorter than a scheduler slice. */
#define SPIN_NS 50000

#define ROUND_PIECES ((int64_t)1 << 31) /* a share's count stays within 32 bits */

/* The job under way. Written by pool_run while no piece is left, read only by who holds a piece, so the
 * shares order every access. */
static struct {
    void (*f)(void *arg, int64_t piece);
    void *arg;
} job;

static _Alignas(64) _Atomic uint32_t job_number; /* tells a waiting worker that there is a new one */
static _Alignas(64) _Atomic uint32_t done;       /* pieces the workers have finished; a futex */
static _Atomic uint32_t caller_sleeps;

typedef struct {
    _Alignas(64) _Atomic uint32_t sleeps; /* a futex */
    _Atomic int cpu;                      /* where it last ran a job */
    int number;                           /* 0 is the caller of pool_run, which never sleeps here */

    /* Its share: pieces end - left .. end - 1 are to be taken, by this thread or, once their own are gone, by
     * others. A thread so gets the same part of the same shape each time, which its core's cache may still
     * hold. `left` has the job's number in its high half: taking a piece succeeds only while its job is under
     * way. */
    _Alignas(64) _Atomic uint64_t left;
    _Atomic int64_t end;
} worker;

static worker workers[POOL_THREADS_MAX];
static cpu_set_t cores_allowed; /* the process's own */
static int created = 1;         /* threads there are, the caller's included */
static _Atomic int active = 1;  /* of these, those that take pieces */
static _Atomic int64_t
    spin_ns; /* 0 with more threads than cores: a spinning thread would keep a core from another */
static _Thread_local bool inside_piece;

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* One round of spinning, well below a microsecond; false once the time that began with the first is over. */
static bool spin(int64_t *until)
{
    if (!*until)
        *until = now_ns() + atomic_load_explicit(&spin_ns, memory_order_relaxed);
    else if (now_ns() >= *until)
        return false;
    for (int i = 0; i < 8; i++)
        __builtin_ia32_pause();
    return true;
}

/* Takes and runs pieces of one thread's share until none is left; returns how many. */
static uint32_t run_share(worker *w)
{
    uint32_t ran = 0;
    uint64_t left = atomic_load_explicit(&w->left, memory_order_acquire);
    while ((uint32_t)left) {
        if (!atomic_compare_exchange_weak_explicit(&w->left, &left, left - 1, memory_order_acquire,
                                                   memory_order_acquire))
            continue;
        job.f(job.arg, atomic_load_explicit(&w->end, memory_order_relaxed) - (int64_t)(uint32_t)left);
        ran++;
        left = atomic_load_explicit(&w->left, memory_order_acquire);
    }
    return ran;
}

/* The thread's own share, then what is left of the others'. */
static uint32_t run_pieces(int number)
{
    int threads = pool_threads();
    uint32_t ran = 0;
    inside_piece = true;
    for (int i = 0; i < threads; i++)
        ran += run_share(&workers[(number + i) % threads]);
    inside_piece = false;
    return ran;
}

static bool is_surplus(const worker *w)
{
    return w->number >= atomic_load_explicit(&active, memory_order_relaxed);
}

/* Returns when there is a job with another number than the one seen last. */
static void wait_for_job(worker *w, uint32_t *seen)
{
    uint32_t number;
    int64_t until = 0;
    while ((number = atomic_load_explicit(&job_number, memory_order_acquire)) == *seen)
        if (is_surplus(w) || !spin(&until)) {
            /* Sequential order of this store and the next load, and of pool_run's publishing and its look at
             * `sleeps`: one of the two sees the other. */
            atomic_store(&w->sleeps, 1);
            while ((number = atomic_load(&job_number)) == *seen && atomic_load(&w->sleeps))
                futex_wait(&w->sleeps, 1);
            atomic_store(&w->sleeps, 0);
            until = 0;
        }
    *seen = number;
}

/* The scheduler may put a woken worker on the core of the thread that woke it and leave both there for
 * seconds while another core idles. A worker that finds itself with a thread of lower number moves away. */
static void leave_shared_core(worker *w)
{
    int cpu = sched_getcpu();
    atomic_store_explicit(&w->cpu, cpu, memory_order_relaxed);
    bool shared = false;
    for (int i = 0; i < w->number; i++)
        shared |= atomic_load_explicit(&workers[i].cpu, memory_order_relaxed) == cpu;
    if (!shared || !atomic_load_explicit(&spin_ns, memory_order_relaxed))
        return;
    cpu_set_t free_cores = cores_allowed;
    for (int i = 0; i < w->number; i++) {
        int taken = atomic_load_explicit(&workers[i].cpu, memory_order_relaxed);
        if (taken >= 0 && taken < CPU_SETSIZE)
            CPU_CLR(taken, &free_cores);
    }
    if (CPU_COUNT(&free_cores) && !sched_setaffinity(0, sizeof free_cores, &free_cores))
        atomic_store_explicit(&w->cpu, sched_getcpu(), memory_order_relaxed);
}

static void *worker_main(void *self)
{
    worker *w = self;
    breadcrumb_catch();
    pthread_setname_np(pthread_self(), "assay-pool");
    uint32_t seen = atomic_load_explicit(&job_number, memory_order_acquire);
    for (;;) {
        wait_for_job(w, &seen);
        if (is_surplus(w))
            continue;
        leave_shared_core(w);
        uint32_t ran = run_pieces(w->number);
        if (ran) {
            atomic_fetch_add(&done, ran);
            if (atomic_load(&caller_sleeps))
                futex_wake(&done);
        }
    }
    return NULL;
}

static bool create_worker(int number)
{
    worker *w = &workers[number];
    w->number = number;
    pthread_attr_t attr;
    if (pthread_attr_init(&attr))
        return false;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    bool ok = !pthread_create(&thread, &attr, worker_main, w);
    pthread_attr_destroy(&attr);
    return ok;
}

int pool_start(int threads)
{
    if (threads <= 0)
        threads = cpu_cores();
    if (threads > POOL_THREADS_MAX)
        threads = POOL_THREADS_MAX;
    if (created == 1 && sched_getaffinity(0, sizeof cores_allowed, &cores_allowed))
        CPU_ZERO(&cores_allowed);
    breadcrumb_here(); /* mapped once, before threads could race for it */
    /* Interrupts and terminations go to the main thread; faults stay with the thread that caused them. */
    sigset_t blocked, before;
    sigfillset(&blocked);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    while (created < threads && create_worker(created))
        created++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (threads > created)
        threads = created;
    atomic_store(&spin_ns, threads > cpu_cores() ? 0 : SPIN_NS);
    atomic_store(&active, threads);
    return threads;
}

int pool_threads(void)
{
    return atomic_load_explicit(&active, memory_order_relaxed);
}

static void wake_workers(int64_t wanted)
{
    int last = pool_threads() - 1;
    for (int i = 1; i <= last && i <= wanted; i++)
        if (atomic_load(&workers[i].sleeps)) {
            atomic_store(&workers[i].sleeps, 0);
            futex_wake(&workers[i].sleeps);
        }
}

static void wait_for_workers(uint32_t target)
{
    int64_t until = 0;
    uint32_t now;
    while ((now = atomic_load_explicit(&done, memory_order_acquire)) != target)
        if (!spin(&until)) {
            atomic_store(&caller_sleeps, 1);
            while ((now = atomic_load(&done)) != target)
                futex_wait(&done, now);
            atomic_store(&caller_sleeps, 0);
        }
}

/* Pieces begin .. end-1, at most ROUND_PIECES of them. */
static void run_round(int64_t begin, int64_t end, void (*f)(void *arg, int64_t piece), void *arg)
{
    int threads = pool_threads();
    int64_t pieces = end - begin, given = 0;
    atomic_store_explicit(&workers[0].cpu, sched_getcpu(), memory_order_relaxed);
    job.f = f;
    job.arg = arg;
    atomic_store_explicit(&done, 0, memory_order_relaxed);
    uint32_t number = atomic_load_explicit(&job_number, memory_order_relaxed) + 1;
    for (int i = 0; i < threads; i++) {
        int64_t share = pieces * (i + 1) / threads - given;
        given += share;
        atomic_store_explicit(&workers[i].end, begin + given, memory_order_relaxed);
        atomic_store_explicit(&workers[i].left, (uint64_t)number << 32 | (uint64_t)share,
                              memory_order_release);
    }
    atomic_store(&job_number, number);
    wake_workers(pieces - 1);
    wait_for_workers((uint32_t)pieces - run_pieces(0));
}

void pool_run(int64_t pieces, void (*f)(void *arg, int64_t piece), void *arg)
{
    if (pieces <= 1 || inside_piece || pool_threads() == 1) {
        for (int64_t i = 0; i < pieces; i++)
            f(arg, i);
        return;
    }
    for (int64_t begin = 0; begin < pieces; begin += ROUND_PIECES)
        run_round(begin, pieces - begin < ROUND_PIECES ? pieces : begin + ROUND_PIECES, f, arg);
}
