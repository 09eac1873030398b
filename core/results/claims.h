/* Rows about claims: what an experiment says it will show, and what was found. Judging is others' work; here
 * it is only kept. */
#ifndef ASSAY_RESULTS_CLAIMS_H
#define ASSAY_RESULTS_CLAIMS_H

#include "results/store.h"

typedef struct {
    int64_t experiment;     /* of store_experiment */
    const char *name;       /* required; one claim an experiment's name and this name */
    const char *statement;  /* required; one sentence */
    const char *paper_says; /* the paper's own number */
    const char *kind;       /* superiority | non_inferiority | threshold | joint | reported */
    const char *side;   /* above | below: the side of the null that is the right one; NULL: the last two */
    bool pooled;        /* one number over all seeds */
    bool or_equal;      /* the null itself is on the right side */
    double null_value;  /* NaN: none, as joint and reported have */
    const char *center; /* mean | median: of the values, what is compared */
    double least_mean;  /* of that; NaN: none */
    int least_seeds, of_seeds; /* so many on the right side, of so many; 0, 0: no such rule */
    double least_share;        /* of the bootstrap's numbers; NaN: none */
    const char *method;        /* t | bootstrap | sign | wilcoxon */
    const char *parts;         /* joint: JSON list of names, else NULL */
    const char *source;        /* required; the Lua text that computes the number */
} store_claim_info;

/* The newest row of this claim if nothing of it changed, else a new one that points at it. *change says which
 * fields differ ("least_mean: 0.01, was 0.02"), NULL if none do, there was no row before or it failed; owned
 * (free). */
bool store_claim(store *s, const store_claim_info *c, int64_t *id, char **change, as_error *e);

typedef struct {
    bool has_seed; /* false: a pooled value */
    int64_t seed;
    const char *label;   /* tells the values of one seed apart; NULL for none */
    double value;        /* NaN is kept as NULL */
    const int64_t *runs; /* that it came from */
    size_t n_runs;
} store_claim_value;

/* NaN and NULL stand for "none", as with too few values for an interval. */
typedef struct {
    int64_t claim;
    const char *trial; /* why this is only a rehearsal; NULL: it is the declared plan that was judged */
    int n_right;       /* values on the right side of the null, -1 none */
    double mean, low, high;
    double right_share, sign_p, wilcoxon_p;
    const char *rule;     /* met | not_met; NULL: reported */
    const char *interval; /* above | below | across the null value */
    const char *outcome;  /* holds | fails | unclear | reported */
    const char *sentence; /* for the reader, above all when it does not hold */
    const store_claim_value *values;
    size_t n_values;
} store_verdict_info;

/* A judgement with its values and their runs, in one transaction. One that repeats the claim's newest in all
 * but the moment adds nothing: *id is then the row that is there. */
bool store_verdict(store *s, const store_verdict_info *v, int64_t *id, as_error *e);

#endif
