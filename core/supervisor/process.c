#include "supervisor/process.h"

#include "base/breadcrumb.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { CHILD_BREADCRUMB_FD = 3 };

static bool is_variable(const char *entry, const char *name)
{
    size_t n = strlen(name);
    return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* Our environment with OPENBLAS_NUM_THREADS and the breadcrumb's descriptor set. Free the array only. */
static const char **child_environment(bool shares)
{
    size_t n = 0;
    while (environ[n])
        n++;
    const char **out = calloc(n + 3, sizeof *out);
    if (!out)
        return NULL;
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_variable(environ[i], "OPENBLAS_NUM_THREADS") && !is_variable(environ[i], BREADCRUMB_FD_ENV))
            out[at++] = environ[i];
    out[at++] = "OPENBLAS_NUM_THREADS=1";
    if (shares)
        out[at++] = BREADCRUMB_FD_ENV "=3";
    return out;
}

static int prepare(const process_spec *spec, posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes)
{
    int bad = 0;
    if (spec->apart)
        bad |= posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (spec->out >= 0)
        bad |= posix_spawn_file_actions_adddup2(files, spec->out, STDOUT_FILENO);
    if (spec->err >= 0)
        bad |= posix_spawn_file_actions_adddup2(files, spec->err, STDERR_FILENO);
    /* last: a pipe of ours may itself be number 3, and has been copied by now */
    if (spec->breadcrumb >= 0)
        bad |= posix_spawn_file_actions_adddup2(files, spec->breadcrumb, CHILD_BREADCRUMB_FD);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    bad |= posix_spawnattr_setsigmask(attributes, &none);
    bad |= posix_spawnattr_setsigdefault(attributes, &all);
    bad |= posix_spawnattr_setpgroup(attributes, 0);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (spec->apart)
        flags = (short)(flags | POSIX_SPAWN_SETPGROUP);
    return bad | posix_spawnattr_setflags(attributes, flags);
}

bool process_start(const process_spec *spec, pid_t *pid, as_error *e)
{
    const char **environment = child_environment(spec->breadcrumb >= 0);
    if (!environment)
        return error_set(e, "out of memory");
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int bad = prepare(spec, &files, &attributes);
    if (bad == 0) /* the casts drop const only: posix_spawn changes neither array */
        bad = posix_spawnp(pid, spec->argv[0], &files, &attributes, (char *const *)(uintptr_t)spec->argv,
                           (char *const *)(uintptr_t)environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    free(environment);
    return bad == 0 || error_set(e, "cannot start %s: %s", spec->argv[0], strerror(bad));
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

int process_run(const char *const *argv, as_error *e)
{
    pid_t pid;
    if (!process_start(&(process_spec){.argv = argv, .out = -1, .err = -1, .breadcrumb = -1}, &pid, e))
        return -1;
    int status = wait_for(pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int process_become(const char *const *argv, as_error *e)
{
    const char **environment = child_environment(false);
    if (environment) /* the casts drop const only */
        execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
    error_set(e, "cannot start %s: %s", argv[0], strerror(errno));
    free(environment);
    return -1;
}

/* Reads both pipes until the child has closed them; neither can fill up and block it. */
static void collect(int out, int err, FILE *to_out, FILE *to_err)
{
    struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    FILE *to[2] = {to_out, to_err};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        for (int i = 0; i < 2; i++) {
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            char block[16384];
            ssize_t n = read(fds[i].fd, block, sizeof block);
            if (n > 0)
                fwrite(block, 1, (size_t)n, to[i]);
            else if (n == 0 || errno != EINTR)
                fds[i].fd = -1;
        }
    }
}

bool process_capture(const char *const *argv, int crumb, char **out, char **err, int *status, as_error *e)
{
    *out = *err = NULL;
    int pipes[2][2] = {{-1, -1}, {-1, -1}};
    size_t size[2];
    FILE *to_out = NULL, *to_err = NULL;
    bool ok = pipe2(pipes[0], O_CLOEXEC) == 0 && pipe2(pipes[1], O_CLOEXEC) == 0 &&
              (to_out = open_memstream(out, &size[0])) && (to_err = open_memstream(err, &size[1]));
    if (!ok)
        error_set(e, "cannot start %s: %s", argv[0], strerror(errno));
    pid_t pid = -1;
    ok = ok && process_start(
                   &(process_spec){.argv = argv, .out = pipes[0][1], .err = pipes[1][1], .breadcrumb = crumb},
                   &pid, e);
    for (int i = 0; i < 2; i++)
        if (pipes[i][1] >= 0)
            close(pipes[i][1]);
    if (ok) {
        collect(pipes[0][0], pipes[1][0], to_out, to_err);
        *status = wait_for(pid);
    }
    for (int i = 0; i < 2; i++)
        if (pipes[i][0] >= 0)
            close(pipes[i][0]);
    if (to_out && fclose(to_out) != 0)
        ok = error_set(e, "out of memory");
    if (to_err && fclose(to_err) != 0)
        ok = error_set(e, "out of memory");
    if (!ok) {
        free(*out);
        free(*err);
        *out = *err = NULL;
    }
    return ok;
}

const char *process_signal_name(int number, char *out, size_t size)
{
    const char *name = sigabbrev_np(number);
    if (name)
        snprintf(out, size, "SIG%s", name);
    else
        snprintf(out, size, "signal %d", number);
    return out;
}
