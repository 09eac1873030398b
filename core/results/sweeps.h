/* Rows about sweeps and tunings: which points there are, which runs were made at each, and what a tuning
 * chose. */
#ifndef ASSAY_RESULTS_SWEEPS_H
#define ASSAY_RESULTS_SWEEPS_H

#include "results/store.h"

typedef struct {
    int64_t experiment;     /* of store_experiment */
    const char *purpose;    /* sweep | tune */
    const char *method;     /* grid | random */
    int64_t draw_seed;      /* of random points */
    const char *definition; /* JSON: what each parameter ranges over */
} store_sweep_info;

/* The row equal in all of it, or a new one: a sweep that is continued is one sweep. */
bool store_sweep(store *s, const store_sweep_info *w, int64_t *id, as_error *e);

/* A point of an arm. `params` is a JSON object by the names of table param. `number` (from 1) is the place it
 * is planned at and becomes its number: the one it had in an earlier grid over the same parameters. Saying so
 * twice is fine. */
bool store_sweep_point(store *s, int64_t sweep, const char *arm, const char *params, int *number, int64_t *id,
                       as_error *e);

/* The run was made at this point, for this sweep or before it. Saying so twice is fine. */
bool store_sweep_run(store *s, int64_t point, int64_t run, as_error *e);

typedef struct {
    int64_t sweep;
    const char *arm;
    const char *metric; /* "val/accuracy": its last value in each run counts */
    const char *split;  /* "val": the data it is measured on */
    bool highest;       /* the highest mean over the seeds is best, else the lowest */
    const char *seeds;  /* JSON list: the runs that count */
    const char *marked; /* why a verdict that rests on this needs a mark; NULL for no reason */
} store_tuning_info;

typedef struct {
    int points, runs; /* the budget: points of the arm, and its runs that are done with one of the seeds */
    int complete;     /* points with a value for every seed: the others are not chosen */
    int64_t tuning;   /* its row; 0 when no point is complete */
    int point;        /* the best one; the first of equals */
    char *params;     /* its values as JSON; owned: free */
    double mean;
} store_choice;

/* Chooses by the rule and writes it down, unless the last choice of this arm and sweep was the same. */
bool store_tune(store *s, const store_tuning_info *t, store_choice *out, as_error *e);

/* What the newest tuning of this run's experiment and arm says about the run. */
typedef struct {
    int64_t tuning; /* 0: never tuned */
    char *arm;      /* of the run; owned: free */
    bool used;      /* the run was made with the chosen values */
    char *how;      /* "selected by val/accuracy on seed 100, the best of 15 points"; owned: free */
    char *marked;   /* NULL, or "tuned on seed 1, which judges too", "tuned on the test split"; owned: free */
} store_selection;

bool store_selected(store *s, int64_t run, store_selection *out, as_error *e);

#endif
