/* distillers/no_update: computes the student's loss and never moves it; the teacher is moved by hand. */
#include <assay/plugin.h>

enum { X, STUDENT, TEACHER };

static as_t step(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_t s = as_call1(c, as_model_in(c, STUDENT), in[X]), t = as_call1(c, as_model_in(c, TEACHER), in[X]);
    const as_state *theta = as_model_state(c, as_model_in(c, TEACHER));
    float *weight = as_data_f32(c, as_state_tensor(c, theta, 0));
    if (weight)
        weight[0] *= 0.9f;
    return as_mean(c, as_square(c, as_sub(c, s, t)), AS_ALL);
}

AS_PLUGIN(.kind = "distillers", .name = "no_update", .version = "1.0.0", .doc = "moves the wrong model",
          .signature = "x f32[B,D], student model(f32[B,D] -> f32[B,C]),"
                       " teacher model{params}(f32[B,D] -> f32[B,C]), student_optimizer group -> loss f32",
          .step = step);
