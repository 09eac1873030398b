#include "data/raw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void data_array_free(data_array *a)
{
    free(a->items);
    *a = (data_array){0};
}

const char *raw_dims_text(as_dims dims, char buffer[RAW_TEXT])
{
    size_t used = 0;
    buffer[0] = 0;
    for (int i = 0; i < dims.rank; i++)
        used += (size_t)snprintf(buffer + used, RAW_TEXT - used, "%s%" PRId64, i ? "," : "", dims.size[i]);
    return buffer;
}

bool raw_count(as_dims dims, int64_t *count)
{
    *count = 1;
    for (int i = 0; i < dims.rank; i++)
        if (dims.size[i] < 0 || __builtin_mul_overflow(*count, dims.size[i], count) || *count > INT64_MAX / 8)
            return false;
    return true;
}

bool raw_make(const char *path, as_dtype dtype, as_dims dims, data_array *out, as_error *e)
{
    char text[RAW_TEXT];
    *out = (data_array){.dtype = dtype, .dims = dims};
    size_t bytes = dtype == AS_F32 ? 4 : 8;
    if (raw_count(dims, &out->count))
        out->items = malloc(out->count ? (size_t)out->count * bytes : bytes);
    return out->items || error_set(e, "%s: out of memory for [%s]", path, raw_dims_text(dims, text));
}

/* ---- one number ---- */

static uint64_t bits_of(const raw_numbers *in, const unsigned char *at)
{
    uint64_t bits = 0;
    for (int i = 0; i < in->bytes; i++)
        bits |= (uint64_t)at[in->big ? in->bytes - 1 - i : i] << 8 * i;
    return bits;
}

/* IEEE 754 of 2, 4 and 8 bytes. */
static double real_of(const raw_numbers *in, uint64_t bits)
{
    if (in->bytes == 8) {
        double value;
        memcpy(&value, &bits, 8);
        return value;
    }
    if (in->bytes == 4) {
        float value;
        uint32_t word = (uint32_t)bits;
        memcpy(&value, &word, 4);
        return value;
    }
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31  ? (fraction ? (double)NAN : (double)INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(fraction + 1024, exponent - 25);
    return bits >> 15 ? -value : value;
}

static int64_t whole_of(const raw_numbers *in, uint64_t bits)
{
    int unused = 64 - 8 * in->bytes;
    return in->kind == 'i' ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
}

/* ---- all of them ---- */

/* Bytes from one item to the next along each axis. */
static void steps_of(const raw_numbers *in, as_dims dims, int64_t *step)
{
    int64_t bytes = in->bytes;
    for (int k = 0; k < dims.rank; k++) {
        int axis = in->column_major ? k : dims.rank - 1 - k;
        step[axis] = bytes;
        bytes *= dims.size[axis];
    }
}

/* The next place in row-major order. */
static int64_t advance(as_dims dims, const int64_t *step, int64_t *index, int64_t at)
{
    for (int axis = dims.rank - 1; axis >= 0; axis--) {
        at += step[axis];
        if (++index[axis] < dims.size[axis])
            return at;
        at -= step[axis] * dims.size[axis];
        index[axis] = 0;
    }
    return at;
}

static void put(data_array *out, int64_t i, double value)
{
    if (out->dtype == AS_F32)
        ((float *)out->items)[i] = (float)value;
    else
        ((double *)out->items)[i] = value;
}

/* One number into place i; false and e if it cannot be what it is to become. */
static bool convert(const char *path, const raw_numbers *in, const unsigned char *at, data_array *out,
                    int64_t i, as_error *e)
{
    uint64_t bits = bits_of(in, at);
    if (in->kind == 'f') {
        double value = real_of(in, bits);
        if (out->dtype != AS_I64) {
            put(out, i, value);
            return true;
        }
        if (!(fabs(value) < 0x1p63) || value != floor(value))
            return error_set(e, "%s: item %" PRId64 " is %g, no whole number; dtype = \"f32\" reads it", path,
                             i + 1, value);
        ((int64_t *)out->items)[i] = (int64_t)value;
        return true;
    }
    if (out->dtype != AS_I64) {
        put(out, i, in->kind == 'i' ? (double)whole_of(in, bits) : (double)bits);
        return true;
    }
    if (in->kind == 'u' && bits > INT64_MAX)
        return error_set(e,
                         "%s: item %" PRId64 " is %" PRIu64 ", too large for i64; dtype = \"f64\" reads it",
                         path, i + 1, bits);
    ((int64_t *)out->items)[i] = whole_of(in, bits);
    return true;
}

/* Bytes are what images are made of: no work a number but the conversion. */
static void convert_bytes(const unsigned char *at, data_array *out)
{
    for (int64_t i = 0; i < out->count; i++)
        if (out->dtype == AS_I64)
            ((int64_t *)out->items)[i] = at[i];
        else
            put(out, i, at[i]);
}

bool raw_read(const char *path, const raw_numbers *in, as_dims dims, const data_wish *wish, data_array *out,
              as_error *e)
{
    as_dtype dtype = in->kind == 'f' ? wish->real : wish->whole;
    if (!raw_make(path, dtype, dims, out, e))
        return false;
    bool in_order = !in->big && !in->column_major;
    if (in_order && in->kind == 'f' && in->bytes == (dtype == AS_F32 ? 4 : 8) && dtype != AS_I64) {
        memcpy(out->items, in->at, (size_t)out->count * (size_t)in->bytes);
        return true;
    }
    if (in->kind == 'u' && in->bytes == 1 && !in->column_major) {
        convert_bytes(in->at, out);
        return true;
    }
    int64_t step[AS_MAX_RANK], index[AS_MAX_RANK] = {0}, at = 0;
    steps_of(in, dims, step);
    for (int64_t i = 0; i < out->count; i++) {
        if (!convert(path, in, in->at + at, out, i, e)) {
            data_array_free(out);
            return false;
        }
        at = advance(dims, step, index, at);
    }
    return true;
}
