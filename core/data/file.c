#include "data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Reads the whole file: malloc'd, one more byte of room. */
static unsigned char *read_all(const char *path, int fd, size_t *size, as_error *e)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        error_set(e, "%s: not a file", path);
        return NULL;
    }
    size_t total = (size_t)info.st_size, done = 0;
    unsigned char *bytes = malloc(total + 1);
    if (!bytes) {
        error_set(e, "%s: out of memory for %zu bytes", path, total);
        return NULL;
    }
    while (done < total) {
        ssize_t got = read(fd, bytes + done, total - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            error_set(e, "%s: cannot read: %s", path, got < 0 ? strerror(errno) : "it became shorter");
            free(bytes);
            return NULL;
        }
        done += (size_t)got;
    }
    bytes[total] = '\0';
    *size = total;
    return bytes;
}

typedef struct {
    unsigned char *bytes;
    size_t size, room;
} buffer;

static bool grow(buffer *b, size_t room)
{
    unsigned char *more = realloc(b->bytes, room + 1);
    if (!more)
        return false;
    b->bytes = more;
    b->room = room;
    return true;
}

/* One gzip member after the other, as gunzip does. */
static bool inflate_all(z_stream *z, buffer *out, size_t total, const char *path, as_error *e)
{
    const unsigned char *start = z->next_in;
    for (;;) {
        size_t read = (size_t)(z->next_in - start);
        if (out->size == out->room && !grow(out, 2 * out->room + 65536))
            return error_set(e, "%s: out of memory unpacking more than %zu bytes", path, out->room);
        size_t in_now = total - read < UINT32_MAX ? total - read : UINT32_MAX;
        size_t out_now = out->room - out->size < UINT32_MAX ? out->room - out->size : UINT32_MAX;
        z->avail_in = (uInt)in_now;
        z->avail_out = (uInt)out_now;
        z->next_out = out->bytes + out->size;
        int status = inflate(z, Z_NO_FLUSH);
        out->size += out_now - z->avail_out;
        read += in_now - z->avail_in;
        if (status == Z_STREAM_END) {
            if (read == total)
                return true;
            if (inflateReset(z) != Z_OK)
                return error_set(e, "%s: cannot unpack: zlib failed", path);
        } else if (status == Z_BUF_ERROR || (status == Z_OK && read == total && z->avail_out)) {
            return error_set(e, "%s: gzip file cut short at %zu bytes: fetch it again", path, total);
        } else if (status != Z_OK) {
            return error_set(e, "%s: damaged gzip file (%s, near byte %zu of %zu): fetch it again", path,
                             z->msg ? z->msg : "unreadable", read, total);
        }
    }
}

/* Takes `packed`; returns what was in it. */
static unsigned char *gunzip(unsigned char *packed, size_t *size, const char *path, as_error *e)
{
    z_stream z = {.next_in = packed};
    buffer out = {0};
    size_t total = *size;
    /* the last four bytes are the unpacked size, a hint only: believed within deflate's best ratio */
    uint32_t hint = 0;
    if (total >= 4)
        memcpy(&hint, packed + total - 4, 4);
    size_t room = hint / 1032 <= total ? hint : 4 * total;
    bool good = inflateInit2(&z, 15 + 16) == Z_OK || error_set(e, "%s: cannot unpack: zlib failed", path);
    if (good) {
        good = grow(&out, room + 1) ? inflate_all(&z, &out, total, path, e)
                                    : error_set(e, "%s: out of memory unpacking %zu bytes", path, room);
        inflateEnd(&z);
    }
    free(packed);
    if (!good) {
        free(out.bytes);
        return NULL;
    }
    out.bytes[out.size] = '\0';
    *size = out.size;
    return out.bytes;
}

unsigned char *file_read_open(int fd, const char *path, size_t *size, file_origin *origin, as_error *e)
{
    unsigned char *bytes = read_all(path, fd, size, e);
    if (!bytes)
        return NULL;
    origin->bytes = *size;
    hash_bytes(bytes, *size, origin->sha256);
    return *size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b ? gunzip(bytes, size, path, e) : bytes;
}

unsigned char *file_read(const char *path, size_t *size, file_origin *origin, as_error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_set(e, "%s: cannot open: %s", path, strerror(errno));
        return NULL;
    }
    unsigned char *bytes = file_read_open(fd, path, size, origin, e);
    close(fd);
    return bytes;
}
