/* Rows about claims: what an experiment says it will show, and what was found. Judging is others' work; here
 * it is only kept. */
#ifndef ASSAY_RESULTS_CLAIMS_H
#define ASSAY_RESULTS_CLAIMS_H

#include "results/store.h"

typedef struct {
    int64_t experiment;    /* of store_experiment */
    const char *name;      /* required; one claim an experiment's name and this name */
    const char *statement; /* required; one sentence */
    const char *kind;      /* superiority | non_inferiority | threshold */
    const char *side;      /* above | below: the side of the null that is the right one */
    bool pooled;           /* one number over all seeds */
    double null_value;
    double least_mean;         /* NaN: none */
    int least_seeds, of_seeds; /* so many on the right side, of so many; 0, 0: no such rule */
    const char *source;        /* required; the Lua text that computes the number */
} store_claim_info;

/* The newest row of this claim if nothing of it changed, else a new one that points at it and says which
 * fields differ ("least_mean: 0.01, was 0.02"). `changed` tells that there was another before. */
bool store_claim(store *s, const store_claim_info *c, int64_t *id, bool *changed, as_error *e);

typedef struct {
    bool has_seed; /* false: a pooled value */
    int64_t seed;
    double value;        /* NaN is kept as NULL */
    const int64_t *runs; /* that it came from */
    size_t n_runs;
} store_claim_value;

typedef struct {
    int64_t claim;
    double mean, low, high; /* NaN: none, as with too few values for an interval */
    bool rule_met;
    const char *interval; /* above | below | across the null value; NULL without an interval */
    const char *outcome;  /* holds | fails | unclear */
    const char *sentence; /* for the reader, above all when it does not hold; NULL for none */
    const store_claim_value *values;
    size_t n_values;
} store_verdict_info;

/* A judgement with its values and their runs, in one transaction. */
bool store_verdict(store *s, const store_verdict_info *v, int64_t *id, as_error *e);

#endif
