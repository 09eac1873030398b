#include "results/event_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    unsigned char *at;
    size_t n, room;
} message;

struct event_file {
    FILE *out;
    char *path;
    bool no_memory;
    uint32_t crc[256];
};

/* ---- messages ---- */

static void put_bytes(event_file *f, message *m, const void *bytes, size_t n)
{
    if (m->n + n > m->room) {
        size_t room = 2 * (m->n + n) + 64;
        unsigned char *more = realloc(m->at, room);
        if (!more) {
            f->no_memory = true;
            return;
        }
        m->at = more;
        m->room = room;
    }
    memcpy(m->at + m->n, bytes, n);
    m->n += n;
}

static void put_varint(event_file *f, message *m, uint64_t value)
{
    unsigned char byte;
    for (; value > 0x7f; value >>= 7) {
        byte = (unsigned char)(value | 0x80);
        put_bytes(f, m, &byte, 1);
    }
    byte = (unsigned char)value;
    put_bytes(f, m, &byte, 1);
}

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static void put_key(event_file *f, message *m, unsigned field, unsigned type)
{
    put_varint(f, m, field << 3 | type);
}

static void put_integer(event_file *f, message *m, unsigned field, int64_t value)
{
    put_key(f, m, field, VARINT);
    put_varint(f, m, (uint64_t)value);
}

/* Fixed numbers are little-endian, as on every machine that Assay has kernels for. */
static void put_double(event_file *f, message *m, unsigned field, double value)
{
    put_key(f, m, field, FIXED64);
    put_bytes(f, m, &value, sizeof value);
}

static void put_float(event_file *f, message *m, unsigned field, float value)
{
    put_key(f, m, field, FIXED32);
    put_bytes(f, m, &value, sizeof value);
}

static void put_block(event_file *f, message *m, unsigned field, const void *bytes, size_t n)
{
    put_key(f, m, field, BYTES);
    put_varint(f, m, n);
    put_bytes(f, m, bytes, n);
}

static void put_text(event_file *f, message *m, unsigned field, const char *text)
{
    put_block(f, m, field, text, strlen(text));
}

/* `inner` becomes a field of `m` and is freed. */
static void put_message(event_file *f, message *m, unsigned field, message inner)
{
    put_block(f, m, field, inner.at ? (const void *)inner.at : "", inner.n);
    free(inner.at);
}

/* ---- records ---- */

static void make_crc_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78U : 0); /* Castagnoli's polynomial */
    }
}

static uint32_t masked_crc(const event_file *f, const void *bytes_, size_t n)
{
    const unsigned char *bytes = bytes_;
    uint32_t crc = 0xffffffffU;
    for (size_t i = 0; i < n; i++)
        crc = crc >> 8 ^ f->crc[(crc ^ bytes[i]) & 0xff];
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

/* Length, its CRC, the message, its CRC. Frees the message. */
static void put_record(event_file *f, message m)
{
    uint64_t length = m.n;
    uint32_t crc = masked_crc(f, &length, sizeof length);
    fwrite(&length, sizeof length, 1, f->out);
    fwrite(&crc, sizeof crc, 1, f->out);
    fwrite(m.at, 1, m.n, f->out);
    crc = masked_crc(f, m.at, m.n);
    fwrite(&crc, sizeof crc, 1, f->out);
    free(m.at);
}

/* Event { wall_time = 1, step = 2, file_version = 3, summary = 5 } */
static message begin_event(event_file *f, double moment, int64_t step)
{
    message event = {0};
    put_double(f, &event, 1, moment);
    put_integer(f, &event, 2, step);
    return event;
}

/* Summary { value = 1 } with one value. */
static void put_summary(event_file *f, double moment, int64_t step, message value)
{
    message event = begin_event(f, moment, step), summary = {0};
    put_message(f, &summary, 1, value);
    put_message(f, &event, 5, summary);
    put_record(f, event);
}

event_file *event_open(const char *path, double moment, as_error *e)
{
    event_file *f = calloc(1, sizeof *f);
    if (f && (f->path = strdup(path)) && (f->out = fopen(path, "wb"))) {
        make_crc_table(f->crc);
        message event = begin_event(f, moment, 0);
        put_text(f, &event, 3, "brain.Event:2");
        put_record(f, event);
        return f;
    }
    error_set(e, "cannot write %s: %s", path, strerror(errno));
    if (f)
        free(f->path);
    free(f);
    return NULL;
}

bool event_close(event_file *f, as_error *e)
{
    if (!f)
        return true;
    bool ok = !ferror(f->out);
    ok = fclose(f->out) == 0 && ok;
    if (f->no_memory)
        ok = error_set(e, "cannot write %s: out of memory", f->path);
    else if (!ok)
        error_set(e, "cannot write %s: %s", f->path, strerror(errno));
    free(f->path);
    free(f);
    return ok;
}

/* Value { tag = 1, simple_value = 2 } */
void event_scalar(event_file *f, double moment, int64_t step, const char *tag, double number)
{
    message value = {0};
    put_text(f, &value, 1, tag);
    put_float(f, &value, 2, (float)number);
    put_summary(f, moment, step, value);
}

/* Value { tag = 1, image = 4 }, Image { height = 1, width = 2, colorspace = 3, encoded_image_string = 4 } */
void event_image(event_file *f, double moment, int64_t step, const char *tag, const unsigned char *png,
                 size_t n, int64_t width, int64_t height, int64_t channels)
{
    message value = {0}, image = {0};
    put_integer(f, &image, 1, height);
    put_integer(f, &image, 2, width);
    put_integer(f, &image, 3, channels);
    put_block(f, &image, 4, png, n);
    put_text(f, &value, 1, tag);
    put_message(f, &value, 4, image);
    put_summary(f, moment, step, value);
}

/* google.protobuf.Value { number_value = 2, string_value = 3, bool_value = 4 } */
static message value_of(event_file *f, const cJSON *item)
{
    message value = {0};
    if (cJSON_IsNumber(item)) {
        put_double(f, &value, 2, item->valuedouble);
    } else if (cJSON_IsBool(item)) {
        put_integer(f, &value, 4, cJSON_IsTrue(item));
    } else {
        char *text = cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item);
        put_text(f, &value, 3, text ? text : cJSON_IsString(item) ? item->valuestring : "");
        cJSON_free(text);
    }
    return value;
}

/* Value { tag = 1, tensor = 8, metadata = 9 }; the parameters stand in the metadata, the tensor is a zero:
 *   SummaryMetadata { plugin_data = 1 }, PluginData { plugin_name = 1, content = 2 }
 *   HParamsPluginData { session_start_info = 3 }
 *   SessionStartInfo { hparams = 1: map of { key = 1, value = 2 }, start_time_secs = 5 } */
void event_hparams(event_file *f, double moment, const cJSON *params)
{
    /* TensorProto { dtype = 1: float, tensor_shape = 2: one dim = 2 of size = 1, float_val = 5: 0 } */
    static const unsigned char zero[] = {8, 1, 18, 4, 18, 2, 8, 1, 42, 4, 0, 0, 0, 0};
    message value = {0}, metadata = {0}, plugin = {0}, content = {0}, start = {0};
    const cJSON *item;
    cJSON_ArrayForEach(item, params)
    {
        message entry = {0};
        put_text(f, &entry, 1, item->string);
        put_message(f, &entry, 2, value_of(f, item));
        put_message(f, &start, 1, entry);
    }
    put_double(f, &start, 5, moment);
    put_message(f, &content, 3, start);
    put_text(f, &plugin, 1, "hparams");
    put_message(f, &plugin, 2, content);
    put_message(f, &metadata, 1, plugin);
    put_text(f, &value, 1, "_hparams_/session_start_info");
    put_block(f, &value, 8, zero, sizeof zero);
    put_message(f, &value, 9, metadata);
    put_summary(f, moment, 0, value);
}
