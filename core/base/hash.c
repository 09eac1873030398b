#include "base/hash.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

static void finish(struct sha256_ctx *state, char out[HASH_TEXT])
{
    unsigned char digest[SHA256_DIGEST_SIZE];
    sha256_digest(state, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void hash_bytes(const void *bytes, size_t n, char out[HASH_TEXT])
{
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, n, bytes);
    finish(&state, out);
}

bool hash_file(const char *path, char out[HASH_TEXT], as_error *e)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return error_set(e, "cannot read %s: %s", path, strerror(errno));
    struct sha256_ctx state;
    sha256_init(&state);
    unsigned char block[65536];
    size_t n;
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        sha256_update(&state, n, block);
    bool ok = !ferror(f);
    fclose(f);
    if (!ok)
        return error_set(e, "cannot read %s: %s", path, strerror(errno));
    finish(&state, out);
    return true;
}
