/* losses/pseudo_huber: near 0 a square, far off the distance. iCT (Song & Dhariwal 2023), equation 7, on
 * whole items, not number by number: that would be another loss and want another c. */
#include <assay/distil.h>

typedef struct {
    double c;
    bool scaled;
} pseudo_huber;

static const as_param params[] = {
    AS_REAL_IN(pseudo_huber, c, 0.00054, "(0, inf)", "where the square goes over into the distance",
               .log = 1),
    AS_BOOL(pseudo_huber, scaled, true, "c times the root of the numbers an item"),
    AS_END,
};

/* loss[b] = sqrt(|x_b - y_b|^2 + c^2) - c */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const pseudo_huber *p = params_;
    double d = (double)(as_count(c, in[0]) / as_dim(c, in[0], 0));
    return as_pseudo_huber(c, as_sub(c, in[0], in[1]), p->scaled ? p->c : p->c / sqrt(d));
}

AS_PLUGIN(.kind = "losses", .name = "pseudo_huber", .version = "1.0.0", .paper = "arXiv:2310.14189",
          .doc = "near 0 a square, far off the distance, of whole items", .params = params,
          .signature = "x f32[B,...]|items, y f32[B,...]|items -> loss f32[B]|items",
          .params_size = sizeof(pseudo_huber), .forward = forward);
