/* The most memory a run may hold, for tensors by our own allocator, for all else by the kernel; the most time
 * a script may take. */
#include "worker/worker.h"

#include "tensor/alloc.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A sanitizer holds far more than the run does: under one, only our own allocator is limited. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMIT_KERNEL 0
#else
#define LIMIT_KERNEL 1
#endif

#define SLACK 67108864.0 /* bytes: stacks and buffers of BLAS come up with the first product */

/* Private writable memory of this process in bytes; 0 when the kernel does not say. */
static double data_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long long size, resident, shared, text, library, data;
    bool ok = f && fscanf(f, "%lld %lld %lld %lld %lld %lld", &size, &resident, &shared, &text, &library,
                          &data) == 6;
    if (f)
        fclose(f);
    return ok ? (double)data * (double)sysconf(_SC_PAGESIZE) : 0;
}

void limit_memory(double bytes)
{
    if (bytes <= 0)
        return;
    alloc_limit((size_t)bytes);
    double used = LIMIT_KERNEL ? data_bytes() : 0;
    rlim_t most = (rlim_t)(used + bytes + SLACK);
    if (used > 0)
        setrlimit(RLIMIT_DATA, &(struct rlimit){most, RLIM_INFINITY});
}

void limit_lift(void)
{
    alloc_limit(0);
    setrlimit(RLIMIT_DATA, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
}

#define PATIENCE 2 /* seconds for an operation or a plugin's call to come back to Lua */

static engine *timed;

static void raise_late(lua_State *L, lua_Debug *now)
{
    (void)now;
    lua_sethook(L, NULL, 0, 0);
    engine_raise(timed, L, "this takes too long: the top level of a script only declares; train in run");
}

/* The hook is the one thing of Lua's that a handler may set. */
static void on_alarm(int number)
{
    signal(number, SIG_DFL);
    lua_sethook(timed->L, raise_late, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
    alarm(PATIENCE);
}

void limit_time(engine *n, unsigned seconds)
{
    timed = n;
    signal(SIGALRM, on_alarm);
    alarm(seconds);
}

bool limit_was_met(const char *problem)
{
    return strstr(problem, "out of memory") || strstr(problem, "not enough memory");
}
