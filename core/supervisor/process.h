/* Starting other programs with posix_spawn: never a fork of this process, so what it holds stays its own. */
#ifndef ASSAY_SUPERVISOR_PROCESS_H
#define ASSAY_SUPERVISOR_PROCESS_H

#include "base/error.h"

#include <stddef.h>
#include <sys/types.h>

typedef struct {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH unless it has a slash */
    int out, err;            /* descriptors that become the child's 1 and 2; -1 keeps ours */
    int breadcrumb;          /* becomes the child's 3, named in ASSAY_BREADCRUMB_FD; -1 for none */
    bool apart; /* a process group of its own and no stdin: the terminal's Ctrl-C reaches only us */
} process_spec;

/* Starts it with OPENBLAS_NUM_THREADS=1 (the engine has its own threads), with no signal blocked and the
 * default actions. Fails "cannot start PROGRAM: reason". */
bool process_start(const process_spec *spec, pid_t *pid, as_error *e);

/* Starts it with our own stdin, stdout and stderr and waits. -> its exit code, 128 + signal, or -1 with `e`
 * set. */
int process_run(const char *const *argv, as_error *e);

/* Becomes that program, with the same settings. Returns only on failure: -1 with `e` set. */
int process_become(const char *const *argv, as_error *e);

/* Starts it and collects what it prints; `crumb` is process_spec's breadcrumb. `out` and `err` are owned by
 * the caller (free) and end with a 0 byte; `status` is as from waitpid. */
bool process_capture(const char *const *argv, int crumb, char **out, char **err, int *status, as_error *e);

/* "SIGSEGV" for SIGSEGV, "signal 35" for one without a name. Returns `out`. */
const char *process_signal_name(int number, char *out, size_t size);

#endif
