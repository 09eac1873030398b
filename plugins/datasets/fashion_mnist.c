/* datasets/fashion_mnist and datasets/mnist: 28 x 28 grey images of 10 classes in idx files. Xiao et al.
 * 2017; LeCun et al. 1998. Fields: x f32[N,1,28,28] in [0,1], y i64[N]. */
#include <assay/plugin.h>

#include <string.h>

enum { SIDE = 28 };
#define FIELDS "-> x f32[N,1,28,28], y i64[N]<10"

static uint32_t big_endian(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The bytes of an idx file of unsigned bytes with `rank` axes of these sizes; NULL after a failure.
 * idx: 0 0 8 rank, then each axis as 4 bytes, then the items. */
static const unsigned char *idx_items(as_ctx *c, const char *file, int rank, const int64_t *size)
{
    size_t bytes = 0, header = 4 + 4 * (size_t)rank, items = 1;
    const unsigned char *b = as_read(c, file, &bytes);
    if (!b)
        return NULL;
    uint32_t magic = 0x800u + (uint32_t)rank, found = bytes < 4 ? 0 : big_endian(b);
    if (bytes < header || found != magic) {
        as_fail(c, "%s: %zu bytes that begin with 0x%08x, expected an idx file (0x%08x): the file is damaged",
                file, bytes, found, magic);
        return NULL;
    }
    for (int i = 0; i < rank; i++) {
        if (big_endian(b + 4 + 4 * i) != size[i]) {
            as_fail(c, "%s: size %u of axis %d, expected %lld", file, big_endian(b + 4 + 4 * i), i,
                    (long long)size[i]);
            return NULL;
        }
        items *= (size_t)size[i];
    }
    if (bytes != header + items) {
        as_fail(c, "%s: %zu bytes, expected %zu: the file is cut off or has more", file, bytes,
                header + items);
        return NULL;
    }
    return b + header;
}

static void read_images(as_ctx *c, const char *file, int64_t n)
{
    const unsigned char *pixel = idx_items(c, file, 3, (int64_t[]){n, SIDE, SIDE});
    as_t x = as_zeros(c, AS_DIMS(n, 1, SIDE, SIDE));
    float *v = pixel ? as_data_f32(c, x) : NULL;
    for (int64_t i = 0; v && i < n * SIDE * SIDE; i++)
        v[i] = (float)pixel[i] / 255;
    as_field(c, "x", x);
}

static void read_labels(as_ctx *c, const char *file, int64_t n)
{
    const unsigned char *label = idx_items(c, file, 1, &n);
    as_t y = as_arange(c, n);
    int64_t *v = label ? as_data_i64(c, y) : NULL;
    for (int64_t i = 0; v && i < n; i++)
        v[i] = label[i];
    as_field(c, "y", y);
}

static void open_splits(as_ctx *c, const void *params)
{
    (void)params;
    as_split(c, "train");
    as_split(c, "test");
}

static void read_split(as_ctx *c, const void *params, const char *split)
{
    bool train = strcmp(split, "train") == 0;
    (void)params;
    read_images(c, train ? "train-images-idx3-ubyte.gz" : "t10k-images-idx3-ubyte.gz", train ? 60000 : 10000);
    read_labels(c, train ? "train-labels-idx1-ubyte.gz" : "t10k-labels-idx1-ubyte.gz", train ? 60000 : 10000);
}

AS_DEFINE(fashion_mnist, .kind = "datasets", .name = "fashion_mnist", .version = "1.0.0",
          .paper = "arXiv:1708.07747", .doc = "70,000 grey 28 x 28 images of 10 kinds of clothing",
          .signature = FIELDS, .open = open_splits, .read = read_split);
AS_DEFINE(mnist, .kind = "datasets", .name = "mnist", .version = "1.0.0",
          .doc = "70,000 grey 28 x 28 images of handwritten digits", .signature = FIELDS, .open = open_splits,
          .read = read_split);
AS_MODULE(&fashion_mnist, &mnist);
