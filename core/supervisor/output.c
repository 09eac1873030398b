#include "supervisor/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool output_open(output *o, const char *file, const char *prefix, int *child, as_error *e)
{
    *o = (output){.fd = -1, .prefix = prefix};
    *child = -1;
    o->file = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (o->file < 0)
        return error_set(e, "cannot write %s: %s", file, strerror(errno));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        error_set(e, "cannot make a pipe: %s", strerror(errno));
        close(o->file);
        o->file = -1;
        return false;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK); /* of our end only */
    o->fd = ends[0];
    *child = ends[1];
    return true;
}

static void keep(output *o, const char *bytes, size_t n, progress *p)
{
    while (n > 0 && !o->lost) {
        ssize_t written = write(o->file, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            o->lost = true;
            progress_say(p, "%soutput is no longer kept: %s", o->prefix, strerror(errno));
            return;
        }
        bytes += written;
        n -= (size_t)written;
    }
}

static void end_line(output *o, progress *p)
{
    o->line[o->n] = 0;
    o->n = 0;
    static const char summary[] = "SUMMARY: "; /* AddressSanitizer's and its siblings' one line */
    bool told = strncmp(o->telling, summary, sizeof summary - 1) == 0;
    if (o->line[0] && !told)
        snprintf(o->telling, sizeof o->telling, "%.*s", (int)sizeof o->telling - 1, o->line);
    progress_say(p, "%s%s", o->prefix, o->line);
}

static void echo(output *o, const char *bytes, size_t n, progress *p)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            end_line(o, p);
            continue;
        }
        if (o->n == sizeof o->line - 1)
            end_line(o, p);
        o->line[o->n++] = bytes[i] ? bytes[i] : ' ';
    }
}

void output_read(output *o, progress *p)
{
    enum { BLOCKS = 16 }; /* a worker that never stops printing must not keep us from the others */
    for (int i = 0; i < BLOCKS && o->fd >= 0; i++) {
        char block[16384];
        ssize_t n = read(o->fd, block, sizeof block);
        if (n > 0) {
            keep(o, block, (size_t)n, p);
            echo(o, block, (size_t)n, p);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close(o->fd);
            o->fd = -1;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

void output_close(output *o, progress *p)
{
    output_read(o, p); /* 256 KiB, more than a pipe holds */
    if (o->n > 0)
        end_line(o, p);
    if (o->fd >= 0)
        close(o->fd);
    if (o->file >= 0)
        close(o->file);
    o->fd = o->file = -1;
}
