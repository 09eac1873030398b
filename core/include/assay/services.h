/* The table of calls through which a plugin reaches the host. Grows only at the end; plugin.h wraps each
 * entry in a typed inline call, which is what plugins use. */
#ifndef ASSAY_SERVICES_H
#define ASSAY_SERVICES_H

#include <assay/ops.h>
#include <assay/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t size; /* of this table in the host that fills it */

    as_t (*op)(as_ctx *c, as_op_code code, const as_t *in, int n, const as_attr *attr);

    /* errors */
    as_t (*fail)(as_ctx *c, const char *format, va_list args);
    bool (*ok)(const as_ctx *c);
    as_t (*inert)(as_ctx *c);

    /* what a tensor is */
    int (*rank)(const as_ctx *c, as_t x);
    int64_t (*dim)(const as_ctx *c, as_t x, int axis);
    as_dtype (*dtype)(const as_ctx *c, as_t x);
    int64_t (*count)(const as_ctx *c, as_t x);

    /* making and reading */
    as_t (*full)(as_ctx *c, as_dtype dtype, as_dims dims, double value);
    as_t (*arange)(as_ctx *c, int64_t n);
    as_t (*from)(as_ctx *c, as_dtype dtype, as_dims dims, const void *values);
    as_dtype (*working)(const as_ctx *c);
    void *(*data)(as_ctx *c, as_t x, as_dtype dtype);
    double (*item)(as_ctx *c, as_t x);

    /* scopes */
    as_scope (*open)(as_ctx *c);
    as_t (*close)(as_ctx *c, as_scope s, as_t keep);

    /* gradients */
    as_t (*detach)(as_ctx *c, as_t x);
    bool (*no_grad)(as_ctx *c, bool on);
    bool (*gradients)(as_ctx *c, as_t y, as_t grad_y, const as_t *x, int n, bool create_graph, as_t *grad_x);

    /* registered state */
    void *(*self)(as_ctx *c);
    as_t (*parameter)(as_ctx *c, const char *name, as_t x);
    as_t (*buffer)(as_ctx *c, const char *name, as_t x, int per_item);
    void (*counter)(as_ctx *c, const char *name, int *value);
    void (*assign)(as_ctx *c, as_t buffer, as_t x);
    bool (*training)(const as_ctx *c);

    /* random numbers: kind 0 uniform [0,1), 1 normal, 2 Rademacher */
    as_t (*draw)(as_ctx *c, const char *stream, int kind, as_dims dims);
    as_t (*draw_int)(as_ctx *c, const char *stream, int64_t below, as_dims dims);
    as_t (*permutation)(as_ctx *c, const char *stream, int64_t n);

    /* models and groups of the signature */
    as_model *(*model_in)(as_ctx *c, int index);
    as_group *(*group_in)(as_ctx *c, int index);
    as_t (*call)(as_ctx *c, as_model *m, const as_t *in, int n);
    as_t (*call_with)(as_ctx *c, as_model *m, const as_state *theta, const as_t *in, int n);
    void (*update)(as_ctx *c, as_group *g, as_t loss, double clip);

    /* states: named tensors in the order of the first */
    int (*state_count)(as_ctx *c, int index);
    const as_state *(*state_in)(as_ctx *c, int index, int k);
    int (*state_size)(as_ctx *c, const as_state *s);
    const char *(*state_name)(as_ctx *c, const as_state *s, int i);
    as_t (*state_tensor)(as_ctx *c, const as_state *s, int i);
    void (*state_put)(as_ctx *c, const char *name, as_t x);
    bool (*equal)(as_ctx *c, as_t a, as_t b);

    /* data sets */
    void (*split)(as_ctx *c, const char *name);
    const unsigned char *(*read)(as_ctx *c, const char *name, size_t *size);
    void (*field)(as_ctx *c, const char *name, as_t x);

    /* further results and things to know */
    void (*output)(as_ctx *c, int index, as_t x);
    void (*report)(as_ctx *c, const char *name, as_t value);
    void (*report_real)(as_ctx *c, const char *name, double value);
    void (*verdict)(as_ctx *c, const char *word);

    /* values and gradients */
    bool (*finite)(as_ctx *c, as_t x);
    as_t (*leaf)(as_ctx *c, as_t x);

    /* states made by the plugin, states of models */
    as_state *(*state_new)(as_ctx *c);
    void (*state_set)(as_ctx *c, as_state *s, const char *name, as_t x);
    as_t (*state_find)(as_ctx *c, const as_state *s, const char *name);
    const as_state *(*model_state)(as_ctx *c, as_model *m);
    void (*model_mode)(as_ctx *c, as_model *m, as_mode mode);
    void (*request)(as_ctx *c, as_model *m, const as_request *r);
    double (*evaluate)(as_ctx *c, as_model *f, const as_state *theta);

    /* the data set a data set is made from */
    int (*source_count)(as_ctx *c, int index);
    const char *(*source_split)(as_ctx *c, int index, int k);
    const as_state *(*source_read)(as_ctx *c, int index, const char *split);

    /* hooks, called by samplers: point 0 pre_step, 1 update, 2 post_step */
    bool (*guided)(as_ctx *c);
    as_t (*guide)(as_ctx *c, const as_point *at, as_t x, as_t score);
    void (*hooks)(as_ctx *c, int point, const as_point *at, as_sample *s);
    void (*resample)(as_ctx *c, as_sample *s, as_t ancestors);

    /* gradients item by item; norm or each may be NULL */
    bool (*per_sample)(as_ctx *c, as_t loss, const as_t *x, int n, as_t *norm, as_t *each);

    /* minor 1: further random numbers */
    as_t (*gamma)(as_ctx *c, const char *stream, double shape, as_dims dims);
    as_t (*beta)(as_ctx *c, const char *stream, double a, double b, as_dims dims);
    as_t (*categorical)(as_ctx *c, const char *stream, as_t weights, int64_t n);
} as_services;

/* What of a context a plugin's inline calls touch. */
struct as_ctx {
    const as_services *services;
};

#ifdef __cplusplus
}
#endif
#endif
