/* The queue of the writers: what becomes of a turn whose process dies or is stopped, who comes next, and what
 * is left when all have closed. */
#include "results_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* A process that takes the turn of the database and keeps it until it is killed. */
static pid_t take_for_ever(void)
{
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        turn *t = turn_open(database);
        bool mine = turn_take(t, TURN_TO_WRITE) && turn_try(t, TURN_TO_CHECKPOINT);
        byte = mine ? 'y' : 'n';
        if (write(ends[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(byte, 'y');
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#ifndef __SANITIZE_THREAD__
static void a_dead_process_gives_its_turn_away(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    turn *t = turn_open(database);
    assert_non_null(t);
    for (int i = 0; i < 20; i++) {
        pid_t pid = take_for_ever();
        assert_false(turn_try(t, TURN_TO_CHECKPOINT));
        end(pid);
        assert_true(turn_take(t, TURN_TO_WRITE));
        assert_true(turn_try(t, TURN_TO_CHECKPOINT));
        turn_give(t, TURN_TO_WRITE);
        turn_give(t, TURN_TO_CHECKPOINT);
    }
    pid_t pid = take_for_ever();
    int64_t run = make_run(s, "a", 1);
    end(pid);
    log_one(s, run, 1, "loss", 1);
    turn_close(t);
    store_close(s);
}

#endif

static void a_stopped_process_is_passed_over(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    pid_t pid = take_for_ever();
    kill(pid, SIGSTOP);
    int64_t run = make_run(s, "a", 1);
    double start = now_ms();
    log_one(s, run, 1, "loss", 1);
    double ms = now_ms() - start;
    end(pid);
    print_message("a log past a stopped process took %.0f ms\n", ms);
    assert_true(ms > 40 && ms < 5000); /* 50 ms for each transaction; a first log has one more for its name */
    store_close(s);
}

/* Each of six processes writes down its place in the queue's order as it comes. */
static void first_come_first_served(void **state)
{
    (void)state;
    enum { WAITING = 6 };
    _Atomic int *order = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(order, MAP_FAILED);
    store *s = open_store(STORE_WRITE);
    turn *t = turn_open(database);
    int right = 0;
    for (int round = 0; round < 5; round++) {
        pid_t child[WAITING];
        atomic_store(&order[0], 0);
        assert_true(turn_take(t, TURN_TO_WRITE));
        for (int i = 0; i < WAITING; i++) {
            if ((child[i] = fork()) == 0) {
                turn *mine = turn_open(database);
                bool got = turn_take(mine, TURN_TO_WRITE);
                if (got) {
                    atomic_store(&order[1 + i], 1 + atomic_fetch_add(&order[0], 1));
                    turn_give(mine, TURN_TO_WRITE);
                }
                _exit(got ? 0 : 1);
            }
            usleep(5000); /* so that they come in this order */
        }
        turn_give(t, TURN_TO_WRITE);
        bool all = true;
        for (int i = 0; i < WAITING; i++) {
            int status;
            waitpid(child[i], &status, 0);
            all = all && WIFEXITED(status) && WEXITSTATUS(status) == 0 && atomic_load(&order[1 + i]) == i + 1;
        }
        right += all;
    }
    print_message("in order in %d of 5 rounds\n", right); /* a busy machine may start one late */
    assert_true(right >= 1);
    turn_close(t);
    store_close(s);
    munmap(order, 4096);
}

static int files_of(const char *name)
{
    char command[256];
    struct stat about;
    assert_int_equal(stat(name, &about), 0);
    snprintf(command, sizeof command, "exit $(ls /dev/shm/assay-%u-%llx-%llx-* 2>/dev/null | wc -l)",
             getuid(), (unsigned long long)about.st_dev, (unsigned long long)about.st_ino);
    return WEXITSTATUS(system(command));
}

static void nothing_is_left(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE), *other = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    log_one(other, run, 1, "loss", 1);
    assert_int_equal(files_of(database), 1);
    store_close(s);
    assert_int_equal(files_of(database), 1);
    store_close(other);
    assert_int_equal(files_of(database), 0);
}

/* All are killed and the database is deleted: the next queue made takes the file away, and none in use. */
static void what_the_killed_left_goes(void **state)
{
    (void)state;
    char left[96], used[96];
    store *s = open_store(STORE_WRITE);
    strcpy(used, database);
    snprintf(database, sizeof database, "%s/left.db", folder);
    assert_int_equal(close(open(database, O_CREAT | O_WRONLY, 0666)), 0);
    pid_t pid = take_for_ever();
    end(pid);
    assert_int_equal(files_of(database), 1);
    snprintf(left, sizeof left, "%s/gone.db", folder); /* keeps the number of the file that is deleted */
    assert_int_equal(rename(database, left), 0);
    assert_int_equal(files_of(used), 1);
    snprintf(database, sizeof database, "%s/new.db", folder);
    assert_int_equal(close(open(database, O_CREAT | O_WRONLY, 0666)), 0);
    char half[64]; /* of an older assay, killed while it made one */
    snprintf(half, sizeof half, "/dev/shm/assay-%u-new-%d", getuid(), (int)getpid());
    assert_int_equal(close(open(half, O_CREAT | O_WRONLY, 0600)), 0);
    turn *t = turn_open(database);
    assert_non_null(t);
    assert_int_equal(access(half, F_OK), -1);
    assert_int_equal(files_of(left), 0);
    assert_int_equal(files_of(used), 1);
    assert_int_equal(files_of(database), 1);
    turn_close(t);
    store_close(s);
}

/* Processes that open and close while others do: each gets a queue, all the same one, and nothing is left. */
static void opening_while_others_delete(void **state)
{
    (void)state;
    enum { OPENING = 6, ROUNDS = 300 };
    pid_t child[OPENING];
    _Atomic int *inside = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(inside, MAP_FAILED);
    store_close(open_store(STORE_WRITE));
    for (int i = 0; i < OPENING; i++)
        if ((child[i] = fork()) == 0) {
            int wrong = 0;
            for (int k = 0; k < ROUNDS; k++) {
                turn *t = turn_open(database);
                wrong += !t;
                if (t && turn_try(t, TURN_TO_CHECKPOINT)) {
                    wrong += atomic_fetch_add(inside, 1) != 0;
                    usleep(20);
                    atomic_fetch_sub(inside, 1);
                    turn_give(t, TURN_TO_CHECKPOINT);
                }
                turn_close(t);
            }
            _exit(wrong > 100 ? 100 : wrong);
        }
    for (int i = 0; i < OPENING; i++) {
        int status;
        waitpid(child[i], &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    assert_int_equal(files_of(database), 0);
    munmap(inside, 4096);
}

static void no_queue_for_a_file_that_is_not_there(void **state)
{
    (void)state;
    assert_null(turn_open("/no/such/file"));
    assert_false(turn_take(NULL, TURN_TO_WRITE));
    assert_true(turn_try(NULL, TURN_TO_CHECKPOINT));
    turn_give(NULL, TURN_TO_CHECKPOINT);
    turn_close(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifndef __SANITIZE_THREAD__ /* tsan does not know that a timed lock of a dead owner's mutex is a lock */
        TEST(a_dead_process_gives_its_turn_away),
#endif
        TEST(a_stopped_process_is_passed_over),
        TEST(first_come_first_served),
        TEST(nothing_is_left),
        TEST(what_the_killed_left_goes),
        TEST(opening_while_others_delete),
        TEST(no_queue_for_a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
