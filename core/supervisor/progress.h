/* What the person at the keyboard sees while runs are under way: lines that stay, and on a terminal a live
 * block below them: one line on the whole pool, one on each run. */
#ifndef ASSAY_SUPERVISOR_PROGRESS_H
#define ASSAY_SUPERVISOR_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    FILE *out;
    bool terminal; /* live block */
    bool colour;
    int shown; /* lines of the live block that stand there */
} progress;

/* How far a pool of runs is. */
typedef struct {
    int done, failed, running, waiting, jobs;
    double seconds;   /* a run takes, 0 unknown */
    double under_way; /* seconds that the running ones have taken so far, together */
} progress_pool;

/* How fast one run goes, smoothed over about two seconds. Zeroed is the start. */
typedef struct {
    double at, per_second; /* when last looked; 0 while unknown */
    int64_t step;
} progress_rate;

void progress_open(progress *p, FILE *out);

/* A line that stays; the newline is added. */
void progress_say(progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes notice of the step a run has reached at `now` (seconds). */
void progress_measure(progress_rate *rate, int64_t step, double now);

/* "ldr_kl seed 2  [3/4]  step 1200/2814  1850 steps/s  left 0:08", leaving out what is not known.
 * Returns the length snprintf would. */
int progress_text(char *out, size_t size, const char *label, int place, int of, int64_t step, int64_t total,
                  const progress_rate *rate);

/* "12 of 40 done, 1 failed, 2 running, left 3:20", leaving out what is none or not known. Returns the length
 * snprintf would. */
int progress_pool_text(char *out, size_t size, const progress_pool *pool);

/* Puts the lines of `text`, cut to the terminal's width and height, in place of the live block. Nothing
 * unless a terminal. */
void progress_live(progress *p, const char *text);
void progress_clear(progress *p);

/* `text` between the colour's and the reset sequence, or as it is. `out` is returned. */
const char *progress_good(const progress *p, const char *text, char *out, size_t size);
const char *progress_bad(const progress *p, const char *text, char *out, size_t size);

#endif
