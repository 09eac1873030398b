/* datasets/digits: UCI optical digits, 1,797 images of 8 x 8 in the order of their writers, so that the test
 * split's writers are new. Alpaydin & Kaynak 1998. x is in [0,1]. */
#include <assay/plugin.h>

#include <string.h>

enum { ROWS = 1797, TRAIN = 1400, PIXELS = 64, CLASSES = 10, LEVELS = 16 };

typedef struct {
    const unsigned char *at, *end;
} text;

/* The next number of a line, up to `limit`, and the sign behind it; -1 if there is none. */
static int number(text *t, int limit, unsigned char sign)
{
    int value = 0, figures = 0;
    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9' && value <= limit; t->at++, figures++)
        value = value * 10 + (*t->at - '0');
    bool good = figures > 0 && value <= limit && t->at < t->end && *t->at == sign;
    t->at += good;
    return good ? value : -1;
}

/* One row: 64 pixels of 0..16, then the label. False if it is something else. */
static bool read_row(text *t, float *pixel, int64_t *label)
{
    for (int i = 0; i < PIXELS; i++) {
        int value = number(t, LEVELS, ',');
        if (value < 0)
            return false;
        pixel[i] = (float)value / LEVELS;
    }
    *label = number(t, CLASSES - 1, '\n');
    return *label >= 0;
}

static void open_splits(as_ctx *c, const void *params)
{
    (void)params;
    as_split(c, "train");
    as_split(c, "test");
}

static void read_split(as_ctx *c, const void *params, const char *split)
{
    (void)params;
    size_t bytes = 0;
    const unsigned char *b = as_read(c, "digits.csv.gz", &bytes);
    as_t x = as_zeros(c, AS_DIMS(ROWS, 1, 8, 8)), y = as_arange(c, ROWS);
    float *pixel = as_data_f32(c, x);
    int64_t *label = as_data_i64(c, y);
    if (!b || !pixel || !label)
        return;
    text t = {b, b + bytes};
    for (int64_t i = 0; i < ROWS; i++)
        if (!read_row(&t, pixel + i * PIXELS, label + i)) {
            as_fail(c,
                    "digits.csv.gz: line %lld is not 64 numbers of 0 to 16 and a label: the file is damaged",
                    (long long)i + 1);
            return;
        }
    if (t.at < t.end) {
        as_fail(c, "digits.csv.gz: more than %d lines: the file is damaged", ROWS);
        return;
    }
    bool train = strcmp(split, "train") == 0;
    as_field(c, "x", as_slice(c, x, 0, train ? 0 : TRAIN, train ? TRAIN : ROWS, 1));
    as_field(c, "y", as_slice(c, y, 0, train ? 0 : TRAIN, train ? TRAIN : ROWS, 1));
}

AS_PLUGIN(.kind = "datasets", .name = "digits", .version = "1.0.0",
          .doc = "1,797 handwritten digits of 8 x 8, 1,400 to train and 397 to test",
          .signature = "-> x f32[N,1,8,8], y i64[N]<10", .open = open_splits, .read = read_split);
