/* Room on the disk that a writer keeps for the end of its runs: a file without a name, so the kernel takes it
 * away with the process. Where the file system knows no such files there is no reserve. */
#include "results/internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESERVE_BYTES (128 << 10) /* a run's end changes five pages or so; others may write meanwhile */

void reserve_take(store *s)
{
    const char *slash = strrchr(s->path, '/');
    char *folder = slash ? strndup(s->path, (size_t)(slash - s->path) + 1) : strdup(".");
    s->reserve = folder ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (s->reserve >= 0 && fallocate(s->reserve, 0, 0, RESERVE_BYTES) != 0)
        reserve_give(s);
    free(folder);
}

void reserve_give(store *s)
{
    if (s->reserve >= 0)
        close(s->reserve);
    s->reserve = -1;
}
