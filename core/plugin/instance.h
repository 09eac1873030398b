/* A plugin made ready to work: its parameters, its registered state, its random streams. Failures are left in
 * the context, named ("losses/poly1: setup: ..."). After a call that failed inside the plugin an instance
 * refuses work until a state is loaded or it is reset. */
#ifndef ASSAY_PLUGIN_INSTANCE_H
#define ASSAY_PLUGIN_INSTANCE_H

#include "plugin/load.h"
#include "plugin/model.h"
#include "tensor/random.h"

#include <cjson/cJSON.h>

#define INSTANCE_HOOKS 16

typedef enum { REGISTERED_PARAMETER, REGISTERED_BUFFER, REGISTERED_COUNTER } registered_kind;

typedef struct {
    registered_kind kind;
    bool per_item;
    bool sampling; /* registered by a start: the next one replaces it */
    char *name;
    as_t tensor; /* kept; NULL for a counter */
    int *counter;
} registered;

typedef struct {
    char *name;
    random_stream stream;
} named_stream;

typedef struct {
    char name[64];
    double value;
} report;

typedef struct instance {
    as_ctx *ctx;
    plugin *plugin;
    uint64_t number; /* among the instances of this plugin: part of its streams' names */
    void *params;    /* the plugin's struct, filled */
    cJSON *given;    /* what of it the script gave; NULL for nothing */
    void *self;      /* the plugin's own struct; NULL when state_size is 0 */
    void *script; /* of a plugin in Lua: its half there (load_scripts.release); NULL before its first call */
    bool training;
    bool failed;                      /* a call failed inside the plugin */
    bool setting_up;                  /* registering is legal */
    argument bound[SIGNATURE_PLACES]; /* models, groups, sources given at construction, by place */
    registered *state;
    int state_count;
    named_stream *streams;
    int stream_count;
    report *reports; /* of the last call */
    int report_count, report_capacity;
    char **splits; /* of a data set, in the order it declared them */
    int split_count;
    bool opened;
    const char *reading;                    /* the split being read: its streams are its own; else NULL */
    bool starting;                          /* as_per_item is legal */
    struct instance *hooks[INSTANCE_HOOKS]; /* of a sampler, in the script's order; borrowed */
    int hook_count;
    signature_bound bound_letters; /* of a hook, while its sampler runs */
    const char *verdict;           /* of a score's last call: "accept", "reject" or NULL */
    bool keeps_reports;            /* a sampling's calls add to the reports of its start */
    registered *previous; /* during a reset: what was registered before, to be filled again in place */
    int previous_count;
} instance;

/* Makes one: params (a JSON object, or NULL for the defaults), validate, setup. `bound` holds what the script
 * gives once and for all (models, groups, source), by place in the signature, n entries; NULL for none; what
 * it points to must outlive the instance. `number` < 0 takes the plugin's next. Owned: instance_free. NULL
 * after a failure. */
instance *instance_new(as_ctx *c, plugin *p, const cJSON *params, const argument *bound, int n,
                       int64_t number);
void instance_free(instance *i);

/* Whether instance_new would take these parameters: ranges, tensors' types, validate. Nothing is set up.
 * Fails in the context. */
bool instance_would_take(as_ctx *c, plugin *p, const cJSON *params);

/* As newly made: state set up again in the same storage, streams at their start; a sampler's hooks, too. */
bool instance_reset(instance *i);

/* Drops what the last sampling registered by item. */
void instance_forget_sampling(instance *i);

/* All streams go back to their start. */
void instance_forget_streams(instance *i);

void instance_train(instance *i, bool on);

/* The registered parameters in order; `list` has room for instance_parameter_count. Borrowed. */
int instance_parameter_count(const instance *i);
void instance_parameters(const instance *i, as_t *list);

/* The state: parameters, buffers, counters (i64 scalars) in the order registered, then the random streams
 * ("random.NAME": i64[2], key and counter), then the same of a sampler's hooks ("hooks.1.NAME"). What a
 * sampling registered by item is not part of it: the next start makes it anew. Tensors are shared, not
 * copied, except counters and streams. Owned: state_free. NULL after a failure. */
as_state *instance_state(instance *i);

/* Copies values in: same storage, so optimizers and handles stay valid. Fails without a change, naming what
 * is missing, extra or of another shape; a stream the state does not name goes back to its start. */
bool instance_load(instance *i, const as_state *s);

/* The values of the parameters, for the run's rows. Owned: cJSON_Delete. */
cJSON *instance_params_json(const instance *i);

/* Told of each instance made from now on, once it is set up; NULL: nobody. */
typedef void instance_made(void *self, plugin *p);
void instance_on_new(instance_made *hook, void *self);

/* For the services: registering, and the stream of a name (made on first use). NULL or inert after a
 * failure. */
as_t instance_register(instance *i, registered_kind kind, const char *name, as_t x, bool per_item);
void instance_count(instance *i, const char *name, int *value);
random_stream *instance_stream(instance *i, const char *name);
void instance_report(instance *i, const char *name, double value);

#endif
