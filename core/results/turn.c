/* Mutexes in shared memory. The kernel keeps their waiters in order and hands one to the next (priority
 * inheritance makes it do so: an ordinary mutex goes to whoever is faster), and takes it from a process that
 * dies (robust). They lie in /dev/shm, not beside the database: a restart of the machine empties that. */
#include "results/turn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS 50000000L
#define SHM "/dev/shm"
#define TRIES 50

typedef struct {
    pthread_mutex_t mutex[TURNS];
} shared;

struct turn {
    shared *shared;
    int fd; /* locked for sharing as long as it is open: the last one to close deletes the file */
    char file[160];
};

/* One for each file, user and space of process numbers: the kernel finds the owner by its number. */
static bool name_file(turn *t, const char *path)
{
    struct stat database, processes;
    if (stat(path, &database) != 0 || stat("/proc/self/ns/pid", &processes) != 0)
        return false;
    snprintf(t->file, sizeof t->file, SHM "/assay-%u-%llx-%llx-%llx", getuid(),
             (unsigned long long)database.st_dev, (unsigned long long)database.st_ino,
             (unsigned long long)processes.st_ino);
    return true;
}

static shared *map(int fd)
{
    void *p = mmap(NULL, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

static bool init(shared *all)
{
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    bool ok = pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED) == 0 &&
              pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST) == 0 &&
              pthread_mutexattr_setprotocol(&how, PTHREAD_PRIO_INHERIT) == 0;
    for (int i = 0; i < TURNS && ok; i++)
        ok = pthread_mutex_init(&all->mutex[i], &how) == 0;
    pthread_mutexattr_destroy(&how);
    return ok;
}

static bool is_own(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == getuid();
}

static bool is_named(int fd, const char *file)
{
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && lstat(file, &named) == 0 && open_one.st_dev == named.st_dev &&
           open_one.st_ino == named.st_ino;
}

/* Unless somebody has it open. Only who has it locked takes the name away, so it still is this file's. */
static void delete_unused(int fd, const char *file)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(fd, file))
        unlink(file);
}

/* What processes left behind that were killed: nobody may ever open their databases again. */
static void delete_left_behind(void)
{
    char prefix[32], file[sizeof SHM + 256];
    int length = snprintf(prefix, sizeof prefix, "assay-%u-", getuid());
    DIR *dir = opendir(SHM);
    for (const struct dirent *d; dir && (d = readdir(dir));) {
        if (strncmp(d->d_name, prefix, (size_t)length) != 0)
            continue;
        snprintf(file, sizeof file, SHM "/%s", d->d_name);
        int fd = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0 && is_own(fd))
            delete_unused(fd, file);
        if (fd >= 0)
            close(fd);
    }
    if (dir)
        closedir(dir);
}

/* Without a name at first: nobody sees a half-made one, and who is killed meanwhile leaves nothing. Somebody
 * else's is as good as ours. */
static bool make_file(const char *file)
{
    char fresh[64];
    int fd = open(SHM, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    snprintf(fresh, sizeof fresh, "/proc/self/fd/%d", fd);
    shared *all = ftruncate(fd, sizeof *all) == 0 ? map(fd) : NULL;
    bool made = all && init(all);
    if (made && linkat(AT_FDCWD, fresh, AT_FDCWD, file, AT_SYMLINK_FOLLOW) != 0)
        errno = 0; /* the caller's open tells */
    if (all)
        munmap(all, sizeof *all);
    close(fd);
    return made;
}

/* Not a file that another user has put there, and not one that was deleted before it was locked. */
static bool join_queue(turn *t)
{
    struct stat about;
    t->fd = open(t->file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (t->fd >= 0 && is_own(t->fd) && fstat(t->fd, &about) == 0 && about.st_size >= (off_t)sizeof(shared) &&
        flock(t->fd, LOCK_SH | LOCK_NB) == 0 && is_named(t->fd, t->file) && (t->shared = map(t->fd)))
        return true;
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    return false;
}

turn *turn_open(const char *path)
{
    turn *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->fd = -1;
    bool named = name_file(t, path), joined = named && join_queue(t);
    if (named && !joined)
        delete_left_behind();
    for (int i = 0; i < TRIES && named && !joined && make_file(t->file); i++) {
        joined = join_queue(t);
        if (!joined)
            usleep(1000); /* another is just deleting it */
    }
    if (joined)
        return t;
    turn_close(t);
    return NULL;
}

void turn_close(turn *t)
{
    if (!t)
        return;
    if (t->shared) {
        munmap(t->shared, sizeof *t->shared);
        delete_unused(t->fd, t->file);
    }
    if (t->fd >= 0)
        close(t->fd);
    free(t);
}

/* There is nothing under the mutex that a dead owner could have left half done. */
static bool owned(pthread_mutex_t *mutex, int code)
{
    return code == 0 || (code == EOWNERDEAD && pthread_mutex_consistent(mutex) == 0);
}

bool turn_take(turn *t, turn_purpose purpose)
{
    struct timespec until;
    if (!t)
        return false;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PATIENCE_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_t *mutex = &t->shared->mutex[purpose];
    return owned(mutex, pthread_mutex_timedlock(mutex, &until));
}

bool turn_try(turn *t, turn_purpose purpose)
{
    return !t || owned(&t->shared->mutex[purpose], pthread_mutex_trylock(&t->shared->mutex[purpose]));
}

void turn_give(turn *t, turn_purpose purpose)
{
    if (t)
        pthread_mutex_unlock(&t->shared->mutex[purpose]);
}
