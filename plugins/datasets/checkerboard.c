/* datasets/checkerboard: points evenly on the dark squares of a board. Its density is 2 / (2 limit)^2 there.
 */
#include <assay/plugin.h>

#include <string.h>

typedef struct {
    int squares, train, test;
    double limit;
} board;

static const as_param params[] = {
    AS_INT(board, squares, 4, 2, 1000,
           "along a side, an even number; the corner at (-limit, -limit) is dark"),
    AS_REAL_IN(board, limit, 4.0, "(0, inf)", "the board is [-limit, limit]^2"),
    AS_INT(board, train, 10000, 1, 100000000, "items of the split train"),
    AS_INT(board, test, 10000, 1, 100000000, "items of the split test"),
    AS_END,
};

static void validate(as_ctx *c, const void *params_)
{
    const board *p = params_;
    if (p->squares % 2 != 0)
        as_fail(c, "squares = %d, expected an even number: as many dark as light ones", p->squares);
}

static void open_splits(as_ctx *c, const void *params_)
{
    (void)params_;
    as_split(c, "train");
    as_split(c, "test");
}

/* The dark squares of row r are the columns 2 k + (r mod 2). */
static void read_split(as_ctx *c, const void *params_, const char *split)
{
    const board *p = params_;
    int64_t N = strcmp(split, "train") == 0 ? p->train : p->test;
    as_t u = as_rand(c, "place", AS_DIMS(N, 2));
    as_dtype working = as_dtype_of(c, u);
    as_t row = as_randint(c, "row", p->squares, AS_DIMS(N));
    as_t half = as_cast(c, as_randint(c, "column", p->squares / 2, AS_DIMS(N)), working);
    static const double parities[2] = {0, 1};
    as_t shift = as_cast(c, as_from(c, AS_F64, AS_DIMS(2), parities), working);
    as_t pattern = as_tile(c, shift, p->squares / 2, 0); /* [squares] 0 1 0 1 ... */
    as_t column = as_add(c, as_scale(c, half, 2), as_index_select(c, pattern, row, 0)); /* [N] */
    const as_t corner[2] = {column, as_cast(c, row, working)};
    as_t x = as_add(c, as_stack(c, corner, 2, -1), u);
    as_field(c, "x", as_affine(c, x, 2 * p->limit / p->squares, -p->limit));
}

AS_PLUGIN(.kind = "datasets", .name = "checkerboard", .version = "1.0.0",
          .doc = "points evenly on the dark squares of a board", .params = params,
          .signature = "-> x f32[N,2]", .params_size = sizeof(board), .validate = validate,
          .open = open_splits, .read = read_split);
