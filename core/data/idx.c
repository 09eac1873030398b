#include "data/raw.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The third byte of an idx file. */
static const struct {
    unsigned char code;
    char kind;
    int bytes;
} types[] = {{0x08, 'u', 1}, {0x09, 'i', 1}, {0x0b, 'i', 2}, {0x0c, 'i', 4}, {0x0d, 'f', 4}, {0x0e, 'f', 8}};

static bool take_type(const char *path, const unsigned char *bytes, size_t size, raw_numbers *in, as_error *e)
{
    if (size < 4 || bytes[0] || bytes[1])
        return error_set(e, "%s: no idx file: it begins with %s, expected 0 0 TYPE RANK", path,
                         size < 4 ? "fewer than 4 bytes" : "other bytes");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].code == bytes[2]) {
            in->kind = types[i].kind;
            in->bytes = types[i].bytes;
            return true;
        }
    return error_set(e, "%s: no idx file: type 0x%02x, expected 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e", path,
                     bytes[2]);
}

static bool take_dims(const char *path, const unsigned char *bytes, size_t size, int item, as_dims *dims,
                      as_error *e)
{
    dims->rank = bytes[3];
    if (dims->rank > AS_MAX_RANK)
        return error_set(e, "%s: %d axes, at most %d", path, dims->rank, AS_MAX_RANK);
    size_t header = 4 + 4 * (size_t)dims->rank;
    if (size < header)
        return error_set(e, "%s: %zu bytes, the header alone has %zu: the file is cut off", path, size,
                         header);
    for (int i = 0; i < dims->rank; i++) {
        const unsigned char *b = bytes + 4 + 4 * i;
        dims->size[i] = (int64_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
    }
    int64_t count;
    char text[RAW_TEXT];
    if (!raw_count(*dims, &count) || (size_t)count * (size_t)item != size - header)
        return error_set(
            e, "%s: %zu bytes after the header, which says [%s] of %d: the file is cut off or has more", path,
            size - header, raw_dims_text(*dims, text), item);
    return true;
}

bool idx_read(const char *path, const data_wish *wish, data_array *out, file_origin *origin, as_error *e)
{
    size_t size;
    unsigned char *bytes = file_read(path, &size, origin, e);
    if (!bytes)
        return false;
    raw_numbers in = {.big = true};
    as_dims dims = {0, {0}};
    bool ok = take_type(path, bytes, size, &in, e) && take_dims(path, bytes, size, in.bytes, &dims, e);
    if (ok) {
        in.at = bytes + 4 + 4 * dims.rank;
        ok = raw_read(path, &in, dims, wish, out, e);
    }
    free(bytes);
    return ok;
}
