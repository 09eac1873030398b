/* assay build --watch. Editors write a file in place or move a new one over it: the folders are watched. */
#include "cli/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    const char *source, *name; /* the name within its folder */
    int folder;                /* inotify's number of that */
    bool due;
} watched;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One line for each result: "14:03:22 built plugins/losses/mine.so in 0.3 s". */
static void build_once(const char *source, const char *out, const char *cc)
{
    path_text goal;
    as_error e = {0};
    char now[16];
    time_t t = time(NULL);
    struct tm local;
    double start = seconds();
    bool ok = build_plugin(source, out, cc, goal, &e);
    strftime(now, sizeof now, "%H:%M:%S", localtime_r(&t, &local));
    if (ok)
        printf("%s built %s in %.1f s\n", now, goal, seconds() - start);
    else
        printf("%s FAILED %s\n", now, e.text);
    fflush(stdout);
}

static bool watch_folder(int events, watched *w, as_error *e)
{
    path_text folder;
    const char *slash = strrchr(w->source, '/');
    w->name = slash ? slash + 1 : w->source;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - w->source) : 1, slash ? w->source : ".");
    w->folder = inotify_add_watch(events, *folder ? folder : "/", IN_CLOSE_WRITE | IN_MOVED_TO);
    return w->folder >= 0 || error_set(e, "cannot watch %s: %s", w->source, strerror(errno));
}

/* Waits for saves and marks what they touch. */
static bool read_events(int events, watched *list, size_t n, as_error *e)
{
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t size = read(events, buffer, sizeof buffer);
    if (size < 0 && errno != EINTR)
        return error_set(e, "cannot watch any longer: %s", strerror(errno));
    for (const char *at = buffer; size > 0 && at < buffer + size;) {
        const struct inotify_event *event = (const struct inotify_event *)at;
        for (size_t i = 0; i < n; i++)
            list[i].due |=
                event->len > 0 && event->wd == list[i].folder && strcmp(event->name, list[i].name) == 0;
        at += sizeof *event + event->len;
    }
    return true;
}

int build_watch(const option_list *sources, const char *out, const char *cc)
{
    as_error e = {0};
    int events = inotify_init1(IN_CLOEXEC);
    watched *list = calloc(sources->n, sizeof *list);
    bool ok = events >= 0 && list;
    if (!ok)
        error_set(&e, "cannot watch: %s", strerror(errno));
    for (size_t i = 0; ok && i < sources->n; i++) {
        list[i] = (watched){.source = sources->item[i], .due = true};
        ok = watch_folder(events, &list[i], &e);
    }
    while (ok) {
        for (size_t i = 0; i < sources->n; i++) {
            if (list[i].due)
                build_once(list[i].source, out, cc);
            list[i].due = false;
        }
        ok = read_events(events, list, sources->n, &e);
    }
    if (events >= 0)
        close(events);
    free(list);
    return command_failed(&e);
}
