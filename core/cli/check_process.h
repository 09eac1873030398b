/* A worker that checks plugins: it may die, hang or exit, and what it printed and where it was is still told.
 */
#ifndef ASSAY_CLI_CHECK_PROCESS_H
#define ASSAY_CLI_CHECK_PROCESS_H

#include "base/breadcrumb.h"
#include "base/error.h"

#include <sys/types.h>

typedef struct {
    pid_t pid;
    int out, crumb;
    breadcrumb *page;
} check_process;

typedef struct {
    char *text; /* what it printed; owned */
    int status;
    char where[256]; /* "SIGSEGV in losses/x forward"; empty for an ordinary end */
} check_end;

/* Starts it with its stdout into memory; stderr goes to ours. After a failure there is nothing to end. */
bool check_process_start(check_process *p, const char *const *argv, as_error *e);

/* Waits for it. */
bool check_process_end(check_process *p, check_end *r, as_error *e);

#endif
