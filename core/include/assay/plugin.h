/* Everything a plugin includes. A plugin is one C file: a struct of parameters and its table, the method
 * written with the calls below, and one AS_PLUGIN(...). It links nothing: each call goes through the host's
 * table of services.
 *
 * Errors are sticky. The first failure is kept with the plugin's name; after it every operation returns the
 * inert tensor (sizes 1, value NaN), so a method has nothing to test. A loop whose end depends on values
 * tests as_ok. Tensors belong to the scope the host opened for the call; what is returned, registered or
 * needed by a gradient stays. axis is 0-based or negative from the end. f32 in a signature is the working
 * float, f64 under check. */
#ifndef ASSAY_PLUGIN_H
#define ASSAY_PLUGIN_H

#include <assay/composites.h>
#include <assay/describe.h>
#include <assay/operations.h>
#include <assay/sampling.h>

/* ---- making and reading tensors ---- */

/* In the working float: f32, f64 under check. */
static inline as_t as_zeros(as_ctx *c, as_dims dims)
{
    return c->services->full(c, c->services->working(c), dims, 0);
}

/* One value everywhere, in the working float. */
static inline as_t as_full(as_ctx *c, as_dims dims, double value)
{
    return c->services->full(c, c->services->working(c), dims, value);
}

/* i64 0, 1, ... n-1 */
static inline as_t as_arange(as_ctx *c, int64_t n)
{
    return c->services->arange(c, n);
}

/* A copy of values of the given dtype, row-major. */
static inline as_t as_from(as_ctx *c, as_dtype dtype, as_dims dims, const void *values)
{
    return c->services->from(c, dtype, dims, values);
}

/* The items of a dense tensor of this dtype, borrowed until the call returns; NULL (and a failure) for
 * another dtype or layout: the only pointer a plugin tests. */
static inline float *as_data_f32(as_ctx *c, as_t x)
{
    return (float *)c->services->data(c, x, AS_F32);
}

static inline double *as_data_f64(as_ctx *c, as_t x)
{
    return (double *)c->services->data(c, x, AS_F64);
}

static inline int64_t *as_data_i64(as_ctx *c, as_t x)
{
    return (int64_t *)c->services->data(c, x, AS_I64);
}

/* The only item of x as a double; NaN after a failure. */
static inline double as_item(as_ctx *c, as_t x)
{
    return c->services->item(c, x);
}

/* Same dtype, sizes and bits. */
static inline bool as_equal(as_ctx *c, as_t a, as_t b)
{
    return c->services->equal(c, a, b);
}

/* Whether no item is NaN or infinite. */
static inline bool as_finite(as_ctx *c, as_t x)
{
    return c->services->finite(c, x);
}

/* ---- scopes: m = as_open(c); x = as_close(c, m, step(x)) keeps x and drops all else made since ---- */

/* Marks where the things made from here on begin. */
static inline as_scope as_open(as_ctx *c)
{
    return c->services->open(c);
}

/* `keep`, and no other tensor made since as_open. NULL keeps none. */
static inline as_t as_close(as_ctx *c, as_scope s, as_t keep)
{
    return c->services->close(c, s, keep);
}

/* ---- gradients ---- */

/* x without its history. */
static inline as_t as_detach(as_ctx *c, as_t x)
{
    return c->services->detach(c, x);
}

/* x without its history, where a new graph begins: as_grad(c, y, x, ...) of what is computed from the result.
 * Samplers and their hooks record nothing: between as_record and as_no_grad_end they do. */
static inline as_t as_leaf(as_ctx *c, as_t x)
{
    return c->services->leaf(c, x);
}

/* Records until as_no_grad_end(c, before). */
static inline bool as_record(as_ctx *c)
{
    return c->services->no_grad(c, false);
}

/* Records nothing until as_no_grad_end(c, before). */
static inline bool as_no_grad(as_ctx *c)
{
    return c->services->no_grad(c, true);
}

/* What as_record or as_no_grad returned holds again. */
static inline void as_no_grad_end(as_ctx *c, bool before)
{
    c->services->no_grad(c, before);
}

/* d y / d x[k] for n tensors, summed over y's items; create_graph makes the results differentiable. */
static inline bool as_gradients(as_ctx *c, as_t y, const as_t *x, int n, bool create_graph, as_t *grad_x)
{
    return c->services->gradients(c, y, NULL, x, n, create_graph, grad_x);
}

/* d y / d x of one tensor; y is summed. */
static inline as_t as_grad(as_ctx *c, as_t y, as_t x, bool create_graph)
{
    as_t g = NULL;
    return c->services->gradients(c, y, NULL, &x, 1, create_graph, &g) ? g : as_inert(c);
}

/* Of loss [B], each computed from its own item alone (axis 0; a model in evaluation): the norm of each item's
 * gradient over all n tensors, [B]. The gradients themselves are not made where their norms are enough. */
static inline as_t as_item_gradient_norms(as_ctx *c, as_t loss, const as_t *x, int n)
{
    as_t norm = NULL;
    return c->services->per_sample(c, loss, x, n, &norm, NULL) ? norm : as_inert(c);
}

/* The gradients themselves: grad_x[k] is [B, sizes of x[k]]. */
static inline bool as_item_gradients(as_ctx *c, as_t loss, const as_t *x, int n, as_t *grad_x)
{
    return c->services->per_sample(c, loss, x, n, NULL, grad_x);
}

/* ---- instances and their state ---- */

/* The instance's own struct, state_size bytes, zeroed before setup. */
static inline void *as_self(as_ctx *c)
{
    return c->services->self(c);
}

/* Trained and saved. [setup] */
static inline as_t as_parameter(as_ctx *c, const char *name, as_t x)
{
    return c->services->parameter(c, name, x);
}

/* Saved, not trained. [setup] */
static inline as_t as_buffer(as_ctx *c, const char *name, as_t x)
{
    return c->services->buffer(c, name, x, 0);
}

/* A buffer whose axis 0 is the items: resampling permutes it. [setup; start of samplers and hooks, where the
 * next start replaces it] */
static inline as_t as_per_item(as_ctx *c, const char *name, as_t x)
{
    return c->services->buffer(c, name, x, 1);
}

/* An integer saved with the state. [setup] */
static inline void as_counter(as_ctx *c, const char *name, int *value)
{
    c->services->counter(c, name, value);
}

/* Replaces a buffer's items: outside the graph, same storage, same sizes. */
static inline void as_assign(as_ctx *c, as_t buffer, as_t x)
{
    c->services->assign(c, buffer, x);
}

/* Whether the instance is in training mode (the default) or evaluates. */
static inline bool as_training(const as_ctx *c)
{
    return c->services->training(c);
}

/* ---- random numbers, from the instance's stream of this name ---- */

/* Uniform in [0, 1). */
static inline as_t as_rand(as_ctx *c, const char *stream, as_dims dims)
{
    return c->services->draw(c, stream, 0, dims);
}

/* Standard normal. */
static inline as_t as_randn(as_ctx *c, const char *stream, as_dims dims)
{
    return c->services->draw(c, stream, 1, dims);
}

/* -1 or 1, each with probability 1/2. */
static inline as_t as_rademacher(as_ctx *c, const char *stream, as_dims dims)
{
    return c->services->draw(c, stream, 2, dims);
}

/* i64, uniform over 0 .. below-1 */
static inline as_t as_randint(as_ctx *c, const char *stream, int64_t below, as_dims dims)
{
    return c->services->draw_int(c, stream, below, dims);
}

/* i64 0 .. n-1 in a drawn order. */
static inline as_t as_permutation(as_ctx *c, const char *stream, int64_t n)
{
    return c->services->permutation(c, stream, n);
}

#if AS_MINOR >= 1
/* Gamma of a shape > 0, scale 1. */
static inline as_t as_gamma(as_ctx *c, const char *stream, double shape, as_dims dims)
{
    return c->services->gamma(c, stream, shape, dims);
}

/* Beta of a, b > 0, in [0, 1]. */
static inline as_t as_beta(as_ctx *c, const char *stream, double a, double b, as_dims dims)
{
    return c->services->beta(c, stream, a, b, dims);
}

/* Classes from 0 with the odds of the last axis: weights f32[..., K], finite, from 0, -> i64[...], one a row,
 * or i64[..., n] where n > 0. */
static inline as_t as_categorical(as_ctx *c, const char *stream, as_t weights, int64_t n)
{
    return c->services->categorical(c, stream, weights, n);
}
#endif

/* ---- models and groups: `index` is the place in the signature ---- */

/* The model of the signature at this place; NULL if it was left out. */
static inline as_model *as_model_in(as_ctx *c, int index)
{
    return c->services->model_in(c, index);
}

/* The group of parameters with its optimizer at this place; NULL if it was left out. */
static inline as_group *as_group_in(as_ctx *c, int index)
{
    return c->services->group_in(c, index);
}

/* The first output of the model for n inputs. */
static inline as_t as_model_call(as_ctx *c, as_model *m, const as_t *in, int n)
{
    return c->services->call(c, m, in, n);
}

/* The same for one input. */
static inline as_t as_call1(as_ctx *c, as_model *m, as_t x)
{
    return c->services->call(c, m, &x, 1);
}

/* The same for two: x and the time. */
static inline as_t as_call2(as_ctx *c, as_model *m, as_t x, as_t y)
{
    const as_t in[2] = {x, y};
    return c->services->call(c, m, in, 2);
}

/* The model with its parameters replaced by theta's tensors of the same names; differentiable in theta. */
static inline as_t as_call_with(as_ctx *c, as_model *m, const as_state *theta, const as_t *in, int n)
{
    return c->services->call_with(c, m, theta, in, n);
}

/* The model's trained tensors by name, its own and not copies: as_gradients with respect to them. None of a
 * bare function. */
static inline const as_state *as_model_state(as_ctx *c, as_model *m)
{
    return c->services->model_state(c, m);
}

/* What the model's next calls are: training, evaluation, or evaluation with the batch's own statistics. Needs
 * model{modes} in the signature. The host puts the mode back when the call ends, except for adapters. */
static inline void as_model_mode(as_ctx *c, as_model *m, as_mode mode)
{
    c->services->model_mode(c, m, mode);
}

/* A call with several outputs, or that reads or replaces taps. */
static inline void as_model_request(as_ctx *c, as_model *m, const as_request *r)
{
    c->services->request(c, m, r);
}

/* The number that a function of the script makes of a state (`evaluate function` in the signature). */
static inline double as_evaluate(as_ctx *c, as_model *f, const as_state *theta)
{
    return c->services->evaluate(c, f, theta);
}

/* One optimizer step of the group on loss: the gradient with respect to this group only, clipped to norm
 * `clip` (0: not clipped). Leaves no gradient behind anywhere. */
static inline void as_update(as_ctx *c, as_group *g, as_t loss, double clip)
{
    c->services->update(c, g, loss, clip);
}

/* ---- states: named tensors, the k-th of the signature's input `index` ---- */

/* How many states were given there. */
static inline int as_state_count(as_ctx *c, int index)
{
    return c->services->state_count(c, index);
}

/* The k-th of them, from 0. */
static inline const as_state *as_state_in(as_ctx *c, int index, int k)
{
    return c->services->state_in(c, index, k);
}

/* How many tensors a state holds. */
static inline int as_state_size(as_ctx *c, const as_state *s)
{
    return c->services->state_size(c, s);
}

/* The name of the i-th, from 0. */
static inline const char *as_state_name(as_ctx *c, const as_state *s, int i)
{
    return c->services->state_name(c, s, i);
}

/* The i-th tensor. */
static inline as_t as_state_tensor(as_ctx *c, const as_state *s, int i)
{
    return c->services->state_tensor(c, s, i);
}

/* The tensor of this name; NULL when there is none. */
static inline as_t as_state_find(as_ctx *c, const as_state *s, const char *name)
{
    return c->services->state_find(c, s, name);
}

/* An empty state until the call ends, for as_call_with and as_evaluate. Setting a name again replaces its
 * tensor; the history of what is set is kept, so that as_call_with is differentiable in it. */
static inline as_state *as_state_new(as_ctx *c)
{
    return c->services->state_new(c);
}

/* Puts a tensor into a state of as_state_new. */
static inline void as_state_set(as_ctx *c, as_state *s, const char *name, as_t x)
{
    c->services->state_set(c, s, name, x);
}

/* Adds a tensor to the state this call returns. */
static inline void as_state_put(as_ctx *c, const char *name, as_t x)
{
    c->services->state_put(c, name, x);
}

/* ---- data sets ---- */

/* Declares a split. [open] */
static inline void as_split(as_ctx *c, const char *name)
{
    c->services->split(c, name);
}

/* The bytes of a file of the data set's folder, gunzipped if they are gzip; their hash goes into the run's
 * rows. In the scope. NULL and a failure that names the command which fetches the data when the file is
 * missing. */
static inline const unsigned char *as_read(as_ctx *c, const char *name, size_t *size)
{
    return c->services->read(c, name, size);
}

/* The data set at input `index` of the signature (`source dataset`): its splits, and one split's fields by
 * name, until the call ends. */
static inline int as_source_count(as_ctx *c, int index)
{
    return c->services->source_count(c, index);
}

static inline const char *as_source_split(as_ctx *c, int index, int k)
{
    return c->services->source_split(c, index, k);
}

static inline const as_state *as_source(as_ctx *c, int index, const char *split)
{
    return c->services->source_read(c, index, split);
}

/* Gives the split being read a tensor; axis 0 is the items. */
static inline void as_field(as_ctx *c, const char *name, as_t x)
{
    c->services->field(c, name, x);
}

/* ---- further results ---- */

/* The signature's outputs after the first, by place (1, 2, ...). */
static inline void as_output(as_ctx *c, int index, as_t x)
{
    c->services->output(c, index, x);
}

/* A named number that comes back to the script beside the result. */
static inline void as_report(as_ctx *c, const char *name, as_t value)
{
    c->services->report(c, name, value);
}

/* A score's decision, "accept" or "reject"; the script gets it behind the values. */
static inline void as_verdict(as_ctx *c, const char *word)
{
    c->services->verdict(c, word);
}

/* The same of a plain number. */
static inline void as_report_real(as_ctx *c, const char *name, double value)
{
    c->services->report_real(c, name, value);
}

#endif
