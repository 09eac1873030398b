/* Which process a run belongs to, and the machine it runs on, as the kernel tells. */
#include "results/internal.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first line of a file, without its end; empty when it cannot be read. */
static void first_line(const char *path, char *out, size_t size)
{
    FILE *f = fopen(path, "r");
    out[0] = 0;
    if (!f)
        return;
    if (!fgets(out, (int)size, f))
        out[0] = 0;
    fclose(f);
    out[strcspn(out, "\n")] = 0;
}

/* What /proc/PID/stat says; its second field is the program's name in brackets and may hold anything. */
typedef struct {
    char state;
    int parent, session;
    int64_t start; /* -1: there is no such process */
} process_line;

static process_line line_of(pid_t pid)
{
    char path[64], text[1024];
    process_line p = {.start = -1};
    unsigned long long start;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    first_line(path, text, sizeof text);
    const char *rest = strrchr(text, ')'), *field = rest;
    for (int i = 2; i < 22 && field; i++)
        field = strchr(field + 1, ' ');
    if (field && sscanf(rest, ") %c %d %*d %d", &p.state, &p.parent, &p.session) == 3 &&
        sscanf(field, "%llu", &start) == 1)
        p.start = (int64_t)start;
    return p;
}

process_mark process_mark_of(pid_t pid)
{
    process_mark m = {.pid = pid, .start = line_of(pid).start};
    first_line("/proc/sys/kernel/random/boot_id", m.boot_id, sizeof m.boot_id);
    return m;
}

/* A dead process whose parent has not asked for its end. The supervisor asks once it has written that end, so
 * until then the process counts as there. A parent of another session is no supervisor: it took over an
 * orphan, may be in no hurry (the first process of many containers never asks), and will write nothing. */
static bool is_orphans_rest(const process_line *p)
{
    return p->state == 'Z' && line_of(p->parent).session != p->session;
}

bool process_is_gone(const process_mark *m)
{
    process_mark now = process_mark_of((pid_t)m->pid);
    process_line p = line_of((pid_t)m->pid);
    return strcmp(now.boot_id, m->boot_id) != 0 || now.start != m->start || is_orphans_rest(&p);
}

static bool mark_lost(store *s, int64_t run, int64_t pid, as_error *e)
{
    char error[128];
    snprintf(error, sizeof error, "its process %lld is gone and left no word how it ended", (long long)pid);
    return sql_do(s, "cannot mark a lost run",
                  "UPDATE run SET status = 'lost', error = ?2,"
                  " seconds = (SELECT max(at) FROM metric WHERE run_id = ?1) WHERE id = ?1 AND status = "
                  "'running' AND pid = ?3",
                  BINDINGS(bind_int(run), bind_text(error), bind_int(pid)), e) &&
           sql_do(s, "cannot mark a lost run",
                  "UPDATE attempt SET status = 'lost' WHERE run_id = ?1 AND status = 'running'"
                  " AND (SELECT status FROM run WHERE id = ?1) = 'lost'",
                  BINDINGS(bind_int(run)), e);
}

/* The running runs whose process is gone, as far as they fit: the next open finds the rest. */
static bool find_gone(store *s, int64_t *run, int64_t *pid, size_t room, size_t *n, as_error *e)
{
    static const char doing[] = "cannot look for lost runs";
    sqlite3_stmt *q = sql_prepare(
        s, doing, "SELECT id, pid, process_start, boot_id FROM run WHERE status = 'running'", NULL, 0, e);
    if (!q)
        return false;
    int code = SQLITE_DONE;
    for (*n = 0; *n < room && (code = sqlite3_step(q)) == SQLITE_ROW;) {
        process_mark m = {.pid = sqlite3_column_int64(q, 1), .start = sqlite3_column_int64(q, 2)};
        const unsigned char *boot = sqlite3_column_text(q, 3);
        snprintf(m.boot_id, sizeof m.boot_id, "%s", boot ? (const char *)boot : "");
        if (!process_is_gone(&m))
            continue;
        run[*n] = sqlite3_column_int64(q, 0);
        pid[(*n)++] = m.pid;
    }
    sqlite3_finalize(q);
    return code == SQLITE_DONE || code == SQLITE_ROW ? true : store_fail(s, e, doing);
}

bool process_any_lost(store *s)
{
    as_error ignored = {0};
    int64_t run, pid;
    size_t n;
    return find_gone(s, &run, &pid, 1, &n, &ignored) && n > 0;
}

bool process_find_lost(store *s, as_error *e)
{
    int64_t run[256], pid[256];
    size_t n;
    if (!find_gone(s, run, pid, 256, &n, e))
        return false;
    if (n == 0) /* the usual case takes no write lock */
        return true;
    bool ok = sql_begin(s, e);
    for (size_t i = 0; i < n && ok; i++)
        ok = mark_lost(s, run[i], pid[i], e);
    return sql_end(s, ok, e);
}

static void cpu_name(char *out, size_t size)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[512];
    out[0] = 0;
    while (f && !out[0] && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, "model name", 10) != 0)
            continue;
        snprintf(out, size, "%s", colon + 1 + strspn(colon + 1, " "));
        out[strcspn(out, "\n")] = 0;
    }
    if (f)
        fclose(f);
}

bool store_host(store *s, int64_t run, as_error *e)
{
    struct utsname u = {0};
    uname(&u);
    char system[sizeof u.sysname + sizeof u.release + 1], cpu[256];
    snprintf(system, sizeof system, "%s %s", u.sysname, u.release);
    cpu_name(cpu, sizeof cpu);
    cpu_set_t set;
    int64_t cores =
        sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
    int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    binding values[] = {
        bind_text(u.nodename), bind_text(u.machine), bind_text(system), bind_text(cpu[0] ? cpu : NULL),
        bind_int(cores),       bind_int(memory),     bind_int(run)};
    static const char doing[] = "cannot record the host";
    if (!sql_begin(s, e))
        return false;
    bool ok =
        sql_do(s, doing,
               "INSERT INTO host (name, machine, system, cpu, cores, memory_bytes)"
               " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM host WHERE name IS ?1"
               " AND machine IS ?2 AND system IS ?3 AND cpu IS ?4 AND cores IS ?5 AND memory_bytes IS ?6)",
               values, 6, e) &&
        sql_do(s, doing,
               "UPDATE run SET host_id = (SELECT max(id) FROM host WHERE name IS ?1 AND machine IS ?2"
               " AND system IS ?3 AND cpu IS ?4 AND cores IS ?5 AND memory_bytes IS ?6) WHERE id = ?7",
               values, 7, e);
    return sql_end(s, ok, e);
}
