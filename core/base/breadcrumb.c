#include "base/breadcrumb.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static breadcrumb *page;

int breadcrumb_share(breadcrumb **shared, as_error *e)
{
    int fd = memfd_create("assay-breadcrumb", MFD_CLOEXEC);
    void *map = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof **shared) == 0)
        map = mmap(NULL, sizeof **shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    *shared = map == MAP_FAILED ? NULL : map;
    if (*shared)
        return fd;
    error_set(e, "cannot share memory with a worker: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

breadcrumb *breadcrumb_here(void)
{
    if (page)
        return page;
    const char *fd = getenv(BREADCRUMB_FD_ENV);
    void *map = MAP_FAILED;
    if (fd)
        map = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(fd), 0);
    static breadcrumb private_page;
    page = map == MAP_FAILED ? &private_page : map;
    return page;
}

void breadcrumb_push(breadcrumb *b, const char *plugin, const char *call)
{
    int depth = atomic_load_explicit(&b->depth, memory_order_relaxed);
    if (depth < BREADCRUMB_DEPTH) {
        breadcrumb_frame *f = &b->frame[depth];
        strncpy(f->plugin, plugin, sizeof f->plugin - 1);
        strncpy(f->call, call, sizeof f->call - 1);
    }
    atomic_store_explicit(&b->depth, depth + 1, memory_order_release);
}

void breadcrumb_pop(breadcrumb *b)
{
    atomic_fetch_sub_explicit(&b->depth, 1, memory_order_release);
}

const breadcrumb_frame *breadcrumb_top(const breadcrumb *b)
{
    int depth = atomic_load_explicit(&b->depth, memory_order_acquire);
    if (depth <= 0)
        return NULL;
    return &b->frame[(depth < BREADCRUMB_DEPTH ? depth : BREADCRUMB_DEPTH) - 1];
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (page) {
        /* sent by abort or kill, not by a fault: there the field holds the sender */
        atomic_store(&page->address, info->si_code > 0 ? (uintptr_t)info->si_addr : 0);
        atomic_store(&page->signal, number);
    }
    raise(number); /* SA_RESETHAND has put the default action back: it kills the process on return */
}

void breadcrumb_catch(void)
{
    breadcrumb_here();
    enum { STACK_BYTES = 64 * 1024 };
    static _Thread_local char *stack; /* lives as long as its thread, so a leak checker still sees it */
    if (!stack)
        stack = malloc(STACK_BYTES);
    if (stack)
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK_BYTES}, NULL);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaction(caught[i], &action, NULL);
}
