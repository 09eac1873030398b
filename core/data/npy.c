/* numpy's own format: "\x93NUMPY", version, length, a Python dictionary as text, the items.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#include "data/raw.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[] = "\x93NUMPY";
enum { MAGIC = 6, ALIGN = 64 };

/* What the dictionary says. */
typedef struct {
    raw_numbers in;
    as_dims dims;
} npy_header;

static bool damaged(const char *path, const char *what, as_error *e)
{
    return error_set(e, "%s: damaged .npy header: %s", path, what);
}

/* Just behind `'key':` and spaces, or NULL. */
static const char *value_of(const char *dictionary, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(dictionary, quoted);
    at = at ? strchr(at + strlen(quoted), ':') : NULL;
    return at ? at + 1 + strspn(at + 1, " ") : NULL;
}

/* "'<f4'": byte order, kind, bytes. */
static bool take_descr(const char *path, const char *at, raw_numbers *in, as_error *e)
{
    const char *end = at && *at == '\'' ? strchr(at + 1, '\'') : NULL;
    char order = end ? at[1] : 0, kind = end ? at[2] : 0;
    char *tail = NULL;
    long bytes = end ? strtol(at + 3, &tail, 10) : 0;
    bool sized = end && tail == end && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
    bool known = sized && strchr("<>=|", order) &&
                 ((kind == 'f' && bytes > 1) || kind == 'i' || kind == 'u' || (kind == 'b' && bytes == 1));
    if (!known)
        return error_set(e, "%s: dtype %.*s, expected numbers: f2 f4 f8, i1 to i8, u1 to u8 or bool", path,
                         end ? (int)(end - at + 1) : 12, at ? at : "is missing");
    in->kind = kind == 'b' ? 'u' : kind;
    in->bytes = (int)bytes;
    in->big = order == '>';
    return true;
}

/* "(3, 4)", "(3,)", "()" */
static bool take_shape(const char *path, const char *at, as_dims *dims, as_error *e)
{
    if (!at || *at++ != '(')
        return damaged(path, "no shape", e);
    for (;;) {
        at += strspn(at, " ,");
        if (*at == ')')
            return true;
        char *end;
        errno = 0;
        long long size = strtoll(at, &end, 10);
        if (end == at || size < 0 || errno)
            return damaged(path, "the shape is no list of sizes", e);
        if (dims->rank == AS_MAX_RANK)
            return error_set(e, "%s: more than %d axes", path, AS_MAX_RANK);
        dims->size[dims->rank++] = size;
        at = end;
    }
}

/* The dictionary's place in the file; false if there is none. */
static bool find_dictionary(const unsigned char *b, size_t size, size_t *start, size_t *length)
{
    if (size < 10 || memcmp(b, magic, MAGIC) != 0 || b[6] < 1 || b[6] > 3)
        return false;
    *start = b[6] == 1 ? 10 : 12;
    *length = (size_t)b[8] | (size_t)b[9] << 8;
    if (b[6] > 1 && size >= 12)
        *length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    return *start <= size && *length <= size - *start;
}

static bool take_header(const char *path, unsigned char *bytes, size_t size, npy_header *h, as_error *e)
{
    size_t start, length;
    if (!find_dictionary(bytes, size, &start, &length))
        return error_set(e, "%s: no .npy file of version 1 to 3, or cut off", path);
    char *dictionary = strndup((const char *)bytes + start, length);
    if (!dictionary)
        return error_set(e, "%s: out of memory", path);
    const char *order = value_of(dictionary, "fortran_order");
    bool ok = take_descr(path, value_of(dictionary, "descr"), &h->in, e) &&
              take_shape(path, value_of(dictionary, "shape"), &h->dims, e);
    if (ok && (!order || (strncmp(order, "True", 4) != 0 && strncmp(order, "False", 5) != 0)))
        ok = damaged(path, "no fortran_order", e);
    h->in.column_major = order && *order == 'T';
    h->in.at = bytes + start + length;
    free(dictionary);
    int64_t count;
    char text[RAW_TEXT];
    size_t left = size - start - length;
    if (ok && (!raw_count(h->dims, &count) || (size_t)count * (size_t)h->in.bytes != left))
        return error_set(e, "%s: %zu bytes of items, its shape [%s] of %d: the file is cut off or has more",
                         path, left, raw_dims_text(h->dims, text), h->in.bytes);
    return ok;
}

bool npy_read(const char *path, const data_wish *wish, data_array *out, file_origin *origin, as_error *e)
{
    size_t size;
    unsigned char *bytes = file_read(path, &size, origin, e);
    if (!bytes)
        return false;
    npy_header h = {.dims = {0, {0}}};
    bool ok = take_header(path, bytes, size, &h, e) && raw_read(path, &h.in, h.dims, wish, out, e);
    free(bytes);
    return ok;
}

/* ---- writing ---- */

/* Everything before the items, a multiple of 64 bytes. Returns its length. */
static size_t make_header(as_dtype dtype, as_dims dims, char out[512])
{
    static const char *const descr[] = {[AS_F32] = "<f4", [AS_F64] = "<f8", [AS_I64] = "<i8"};
    char shape[RAW_TEXT];
    raw_dims_text(dims, shape);
    int text = snprintf(out + 10, 500, "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }",
                        descr[dtype], shape, dims.rank == 1 ? "," : "");
    size_t length = 10 + (size_t)text + 1, padded = (length + ALIGN - 1) / ALIGN * ALIGN;
    memset(out + length - 1, ' ', padded - length);
    out[padded - 1] = '\n';
    memcpy(out, magic, MAGIC);
    out[6] = 1;
    out[7] = 0;
    out[8] = (char)((padded - 10) & 255);
    out[9] = (char)((padded - 10) >> 8);
    return padded;
}

bool npy_write(const char *path, as_dtype dtype, as_dims dims, const void *items, as_error *e)
{
    char header[512], temporary[4096];
    int64_t count = 1;
    raw_count(dims, &count);
    size_t bytes = (size_t)count * (dtype == AS_F32 ? 4 : 8), length = make_header(dtype, dims, header);
    if (snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid()) >= (int)sizeof temporary)
        return error_set(e, "%s: the path is too long", path);
    FILE *f = fopen(temporary, "wbe");
    if (!f)
        return error_set(e, "%s: cannot write: %s", path, strerror(errno));
    bool ok = fwrite(header, 1, length, f) == length && fwrite(items, 1, bytes, f) == bytes;
    ok = fclose(f) == 0 && ok && rename(temporary, path) == 0;
    if (!ok) {
        error_set(e, "%s: cannot write: %s", path, strerror(errno));
        unlink(temporary);
    }
    return ok;
}
