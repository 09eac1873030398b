#include "tensor/safetensors.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_MOST ((uint64_t)100 << 20) /* the format's own limit */

static const char *const dtype_words[] = {"F32", "F64", "I64"};

/* ---- writing ---- */

/* The JSON header, padded with spaces so that the data begins at a multiple of 8. Owned. NULL out of memory.
 */
static char *header_of(const named_tensor *list, int n, size_t *length)
{
    cJSON *root = cJSON_CreateObject();
    double at = 0;
    for (int i = 0; i < n && root; i++) {
        as_t x = list[i].tensor;
        double sizes[AS_MAX_RANK],
            ends[2] = {at, at + (double)x->count * (double)tensor_item_bytes(x->dtype)};
        for (int k = 0; k < x->rank; k++)
            sizes[k] = (double)x->size[k];
        cJSON *entry = cJSON_AddObjectToObject(root, list[i].name);
        bool ok = entry && cJSON_AddStringToObject(entry, "dtype", dtype_words[x->dtype]) &&
                  cJSON_AddItemToObject(entry, "shape", cJSON_CreateDoubleArray(sizes, x->rank)) &&
                  cJSON_AddItemToObject(entry, "data_offsets", cJSON_CreateDoubleArray(ends, 2));
        at = ends[1];
        if (!ok) {
            cJSON_Delete(root);
            return NULL;
        }
    }
    char *text = root ? cJSON_PrintUnformatted(root) : NULL;
    cJSON_Delete(root);
    if (!text)
        return NULL;
    size_t plain = strlen(text), padded = (plain + 7) / 8 * 8;
    char *out = malloc(padded + 1);
    if (out) {
        memset(out, ' ', padded);
        memcpy(out, text, plain);
    }
    free(text);
    *length = padded;
    return out;
}

static bool write_all(as_ctx *c, FILE *f, const named_tensor *list, int n)
{
    size_t length = 0;
    char *header = header_of(list, n, &length);
    uint64_t prefix = length;
    bool ok = header && fwrite(&prefix, 8, 1, f) == 1 && fwrite(header, 1, length, f) == length;
    free(header);
    for (int i = 0; i < n && ok; i++) {
        as_scope s = scope_open(c);
        as_t x = tensor_dense(c, list[i].tensor);
        size_t count = (size_t)x->count;
        ok = context_ok(c) && fwrite(x->data, tensor_item_bytes((as_dtype)x->dtype), count, f) == count;
        scope_close(c, s, NULL);
    }
    return ok && fflush(f) == 0 && fsync(fileno(f)) == 0;
}

bool safetensors_save(as_ctx *c, const char *path, const named_tensor *list, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(list[i].name, list[k].name) == 0) {
                context_fail(c, "cannot write %s: two tensors are named \"%s\"", path, list[i].name);
                return false;
            }
    size_t size = strlen(path) + 32;
    char *draft = malloc(size);
    if (!draft) {
        context_fail(c, "cannot write %s: out of memory", path);
        return false;
    }
    snprintf(draft, size, "%s.%ld.part", path, (long)getpid());
    errno = 0;
    FILE *f = fopen(draft, "wb");
    bool ok = f && write_all(c, f, list, n);
    int reason = errno;
    if (f && fclose(f) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    if (ok && rename(draft, path) != 0) {
        ok = false;
        reason = errno;
    }
    if (!ok) {
        if (f)
            unlink(draft);
        context_fail(c, "cannot write %s: %s", path, reason ? strerror(reason) : "out of memory");
    }
    free(draft);
    return ok;
}

/* ---- reading ---- */

static bool malformed(as_ctx *c, const char *path, const char *what)
{
    context_fail(c, "%s: not a safetensors file: %s", path, what);
    return false;
}

/* A whole number in 0 .. 2^53, else -1. */
static int64_t whole(const cJSON *value)
{
    if (!cJSON_IsNumber(value) || value->valuedouble < 0 || value->valuedouble > 9007199254740992.0)
        return -1;
    int64_t n = (int64_t)value->valuedouble;
    return (double)n == value->valuedouble ? n : -1;
}

typedef struct {
    const cJSON *json;
    as_dtype dtype;
    as_dims dims;
    int64_t begin, end;
} entry;

static bool read_entry(as_ctx *c, const char *path, const cJSON *json, int64_t data_size, entry *out)
{
    *out = (entry){.json = json};
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(json, "dtype");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(json, "shape");
    const cJSON *ends = cJSON_GetObjectItemCaseSensitive(json, "data_offsets");
    char what[160];
    bool known = false;
    for (int i = 0; i < 3 && cJSON_IsString(dtype); i++)
        if (strcmp(dtype->valuestring, dtype_words[i]) == 0) {
            out->dtype = (as_dtype)i;
            known = true;
        }
    if (!known) {
        snprintf(what, sizeof what, "\"%.80s\" has dtype %.20s, expected F32, F64 or I64", json->string,
                 cJSON_IsString(dtype) ? dtype->valuestring : "missing");
        return malformed(c, path, what);
    }
    int64_t bytes = (int64_t)tensor_item_bytes(out->dtype);
    bool ok = cJSON_IsArray(shape) && cJSON_GetArraySize(shape) <= AS_MAX_RANK;
    const cJSON *size = NULL;
    if (ok) {
        cJSON_ArrayForEach(size, shape)
        {
            int64_t n = whole(size);
            out->dims.size[out->dims.rank++] = n;
            ok &= n >= 0 && (n == 0 || !__builtin_mul_overflow(bytes, n, &bytes));
            bytes = n == 0 ? 0 : bytes;
        }
    }
    out->begin = whole(cJSON_GetArrayItem(ends, 0));
    out->end = whole(cJSON_GetArrayItem(ends, 1));
    if (!ok || out->begin < 0 || out->end < out->begin || out->end > data_size ||
        out->end - out->begin != bytes) {
        snprintf(what, sizeof what, "shape and data_offsets of \"%.80s\" do not fit each other or the file",
                 json->string);
        return malformed(c, path, what);
    }
    return true;
}

static bool read_tensors(as_ctx *c, const char *path, FILE *f, const cJSON *root, int64_t data_at,
                         int64_t data_size, named_tensor **list, int *n)
{
    size_t count = 0, letters = 0;
    const cJSON *json = NULL;
    cJSON_ArrayForEach(json, root) if (strcmp(json->string, "__metadata__") != 0)
    {
        count++;
        letters += strlen(json->string) + 1;
    }
    named_tensor *out = malloc((count + 1) * sizeof *out + letters);
    if (!out) {
        context_fail(c, "%s: out of memory", path);
        return false;
    }
    char *names = (char *)(out + count + 1);
    int at = 0;
    cJSON_ArrayForEach(json, root)
    {
        entry e;
        if (strcmp(json->string, "__metadata__") == 0)
            continue;
        if (!read_entry(c, path, json, data_size, &e))
            break;
        as_t x = tensor_new(c, e.dtype, e.dims);
        size_t bytes = (size_t)(e.end - e.begin);
        if (!context_ok(c))
            break;
        if (fseeko(f, (off_t)(data_at + e.begin), SEEK_SET) != 0 || fread(x->data, 1, bytes, f) != bytes) {
            malformed(c, path, "it ends before its data");
            break;
        }
        out[at++] = (named_tensor){.name = strcpy(names, json->string), .tensor = x};
        names += strlen(names) + 1;
    }
    if (!context_ok(c)) {
        free(out);
        return false;
    }
    *list = out;
    *n = at;
    return true;
}

static bool load_from(as_ctx *c, const char *path, FILE *f, named_tensor **list, int *n)
{
    struct stat st;
    uint64_t length = 0;
    if (fstat(fileno(f), &st) != 0 || fread(&length, 8, 1, f) != 1)
        return malformed(c, path, "shorter than 8 bytes");
    if (length < 2 || length > HEADER_MOST || length > (uint64_t)st.st_size - 8)
        return malformed(c, path, "the header's length does not fit the file");
    char *text = malloc(length + 1);
    if (!text || fread(text, 1, length, f) != length) {
        free(text);
        return malformed(c, path, "the header cannot be read");
    }
    text[length] = 0;
    cJSON *root = text[0] == '{' ? cJSON_ParseWithLength(text, length) : NULL;
    free(text);
    if (!cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return malformed(c, path, "the header is no JSON object");
    }
    int64_t data_at = 8 + (int64_t)length;
    bool ok = read_tensors(c, path, f, root, data_at, (int64_t)st.st_size - data_at, list, n);
    cJSON_Delete(root);
    return ok;
}

bool safetensors_load(as_ctx *c, const char *path, named_tensor **list, int *n)
{
    if (!context_ok(c))
        return false;
    FILE *f = fopen(path, "rb");
    if (!f) {
        context_fail(c, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    bool ok = load_from(c, path, f, list, n);
    fclose(f);
    return ok;
}
