/* One stream of a worker: copied to a file as it comes, echoed line by line with a prefix. */
#ifndef ASSAY_SUPERVISOR_OUTPUT_H
#define ASSAY_SUPERVISOR_OUTPUT_H

#include "base/error.h"
#include "supervisor/progress.h"

#include <stddef.h>

typedef struct {
    int fd;             /* the pipe's reading end, -1 when closed */
    int file;           /* the kept copy */
    bool lost;          /* the copy could not be written, and this was said */
    const char *prefix; /* "[ldr_kl/2] ", borrowed */
    size_t n;
    char line[4096];   /* what came since the last line's end */
    char telling[256]; /* the line that says most about an end: a sanitizer's summary, else the last one */
} output;

/* Makes the pipe (*child is its writing end, for the worker) and the file. Fails naming the file. */
bool output_open(output *o, const char *file, const char *prefix, int *child, as_error *e);

/* Takes what has arrived, without waiting, and closes the pipe at its end. */
void output_read(output *o, progress *p);

/* Takes the rest, echoes an unfinished last line, closes both. */
void output_close(output *o, progress *p);

#endif
