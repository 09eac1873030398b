#include "cli/check_process.h"

#include "supervisor/process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell_end(check_end *r, const breadcrumb *crumb)
{
    char signal_name[32];
    const breadcrumb_frame *at = crumb ? breadcrumb_top(crumb) : NULL;
    if (WIFSIGNALED(r->status)) {
        int number = WTERMSIG(r->status);
        snprintf(r->where, sizeof r->where, "%s%s%s%s%s",
                 number == SIGALRM ? "did not return in time"
                                   : process_signal_name(number, signal_name, sizeof signal_name),
                 at ? " in " : "", at ? at->plugin : "", at ? " " : "", at ? at->call : "");
    } else if (at) { /* the process ended inside a call */
        snprintf(r->where, sizeof r->where, "exit(%d) in %s %s", WEXITSTATUS(r->status), at->plugin,
                 at->call);
    }
}

static bool read_all(int fd, char **text)
{
    off_t size = lseek(fd, 0, SEEK_END);
    *text = size >= 0 ? calloc(1, (size_t)size + 1) : NULL;
    return *text && pread(fd, *text, (size_t)size, 0) == size;
}

static void release(check_process *p)
{
    if (p->page)
        munmap(p->page, sizeof *p->page);
    if (p->out >= 0)
        close(p->out);
    if (p->crumb >= 0)
        close(p->crumb);
}

bool check_process_start(check_process *p, const char *const *argv, as_error *e)
{
    *p = (check_process){.out = memfd_create("assay-check", MFD_CLOEXEC)};
    p->crumb = breadcrumb_share(&p->page, e);
    process_spec spec = {.argv = argv, .out = p->out, .err = -1, .breadcrumb = p->crumb};
    bool ok = p->crumb >= 0 && (p->out >= 0 || error_set(e, "cannot share memory with a worker")) &&
              process_start(&spec, &p->pid, e);
    if (!ok)
        release(p);
    return ok;
}

bool check_process_end(check_process *p, check_end *r, as_error *e)
{
    *r = (check_end){0};
    bool ok = waitpid(p->pid, &r->status, 0) == p->pid && read_all(p->out, &r->text);
    if (ok)
        tell_end(r, p->page);
    else
        error_set(e, "cannot read what a worker printed");
    release(p);
    return ok;
}
