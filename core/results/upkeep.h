/* What people do with finished runs: remark on them, pick them for a comparison, repeat them, delete them. */
#ifndef ASSAY_RESULTS_UPKEEP_H
#define ASSAY_RESULTS_UPKEEP_H

#include "results/store.h"

/* A sentence about a run. fails 'no run 99' */
bool store_note(store *s, int64_t run, const char *text, as_error *e);

/* Gives a run a tag; having it already is fine. */
bool store_tag(store *s, int64_t run, const char *name, as_error *e);

/* Takes one away; fails 'run 3 has no tag "best"'. */
bool store_untag(store *s, int64_t run, const char *name, as_error *e);

/* Deletes runs, all rows that are theirs and their folders of artifacts. Rows go in one transaction, files
 * after it: what a death between the two leaves is store_gc's.
 * fails 'run 3 is running ...', 'no run 99': then nothing is deleted */
bool store_remove(store *s, const int64_t *runs, size_t n, as_error *e);

typedef struct {
    int folders; /* of runs that no row knows */
    int64_t bytes;
} store_garbage;

/* Finds (and, unless `look`, removes) folders of artifacts named by a uuid that no run has, and gives the
 * space of deleted rows back to the disk. */
bool store_gc(store *s, bool look, store_garbage *found, as_error *e);

/* The runs that a word stands for: "12" one run; "ce" or "quick/ce" the newest done run of each seed of that
 * arm, without an experiment's name of the one that ran it last.
 * ->  *runs owned (free), by seed; fails 'no arm "cee" has a run that is done; did you mean "ce"?' */
bool store_group(store *s, const char *word, int64_t **runs, size_t *n, as_error *e);

/* What a run was made from. */
typedef struct {
    int64_t run, experiment;
    char *experiment_name, *headline /* may be NULL */, *script, *arm, *stage, *identity, *uuid;
    bool has_seed;
    int64_t seed;
    cJSON *params, *config; /* as given to store_create_run */
    int64_t *members;
    size_t n_members;
} store_declaration;

/* ->  filled, to be freed with store_free_declaration in any case */
bool store_declared(store *s, int64_t run, store_declaration *d, as_error *e);
void store_free_declaration(store_declaration *d);

/* Calls `take` with path and text of each Lua file of the run that is not assay's own, until it fails. */
typedef bool store_take_source(void *self, const char *path, const char *text, as_error *e);
bool store_sources(store *s, int64_t run, store_take_source *take, void *self, as_error *e);

/* ->  *path owned (free): the file, if the run has this artifact and it still has the size and hash on
 * record; else NULL */
bool store_intact_artifact(store *s, int64_t run, const char *name, char **path, as_error *e);

/* The newest run of this identity that ended before it was done, keeps a checkpoint, and whose Lua files are
 * unchanged (see store_find_equal); 0 if there is none. */
bool store_find_resumable(store *s, const char *identity, int64_t *run, char uuid[STORE_UUID], as_error *e);

#endif
