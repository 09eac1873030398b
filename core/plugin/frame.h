/* One call into a plugin, while it runs. Frames are a stack in the context, since callbacks nest. Opening
 * one pushes the breadcrumb and opens a scope; closing keeps the results over the scope's end and
 * puts "kind/name: call: " before an error's text. */
#ifndef ASSAY_PLUGIN_FRAME_H
#define ASSAY_PLUGIN_FRAME_H

#include "plugin/instance.h"

typedef struct frame {
    struct frame *outer;
    as_ctx *ctx;
    instance *owner;
    const char *call;              /* "forward" */
    argument in[SIGNATURE_PLACES]; /* by place: what the call was given, else what the instance is bound to */
    as_t tensor[SIGNATURE_PLACES]; /* the same, tensors only: what the plugin gets as in[] */
    as_t output[SIGNATURE_PLACES]; /* as_output; [0] is what the call returned */
    signature_bound bound;
    as_state *state;   /* what as_state_put and as_field fill, borrowed; NULL in other calls */
    const char *split; /* the split being read; NULL in other calls */
    as_sample *sample; /* of a sampler's and a hook's calls: the position; NULL in other calls */
    bool leaves_modes; /* the modes it sets for models stay: an adapter's */
    as_state **states; /* made by the plugin, freed when the frame closes */
    int state_count;
    struct {
        as_model *model;
        as_mode before;
    } mode[SIGNATURE_PLACES]; /* set by the plugin, put back when the frame closes */
    int mode_count;
    void **memory; /* as_read's bytes, freed when the frame closes */
    int memory_count;
    as_scope scope;
    bool recording; /* as it was before */
} frame;

/* Checks that the instance works, that nothing has failed, and the inputs. False leaves the text in the
 * context ("losses/poly1: labels ...") and nothing open. */
bool frame_open(frame *f, as_ctx *c, instance *i, const char *call, const argument *in, int n);

/* The same without a check: with inputs that frame_open has checked before (a sampler's further steps), or
 * with none (setup, validate, open, read: NULL, NULL). */
bool frame_open_unchecked(frame *f, as_ctx *c, instance *i, const char *call, const argument *in,
                          const signature_bound *bound);

/* The call under way, for the services. NULL after a failure, so that they do nothing then, and NULL and a
 * failure outside of calls. */
frame *frame_here(as_ctx *c);

/* Checks what the call gave (output[]) against the signature. */
bool frame_check_outputs(frame *f);

/* A state that lives until the frame closes; takes it over. NULL after a failure. */
as_state *frame_own_state(frame *f, as_state *s);

/* Closes a sampler's or a hook's call that moved on from `before`: checks x, x_mean and logw and keeps them,
 * without history, over the end of the call's scope. */
bool frame_close_sample(frame *f, const as_sample *before, as_sample *at);

/* Closes; keep[0..n-1] (entries may be NULL) move to the scope around. After a failure they become inert,
 * the instance is marked as failed, and the text stays in the context. Returns whether the call went well. */
bool frame_close(frame *f, as_t *keep, int n);

#endif
