/* Whose turn it is to write: SQLite's own lock goes to whoever happens to look when it is free, so among busy
 * writers one waits for half a second while another writes a thousand times. Before they ask for that lock,
 * writers queue here and come in the order in which they queued. It is for fairness alone: SQLite's lock
 * stays what keeps the file whole, and whoever does not get a turn soon asks for it all the same. */
#ifndef ASSAY_RESULTS_TURN_H
#define ASSAY_RESULTS_TURN_H

#include <stdbool.h>

typedef struct turn turn;

/* The queue of the database file at `path`, shared by all processes of this user and machine that have it
 * open. NULL where there can be none. Owned: turn_close. */
turn *turn_open(const char *path);
void turn_close(turn *t); /* NULL is fine */

typedef enum {
    TURN_TO_WRITE,
    TURN_TO_CHECKPOINT, /* one is enough */
    TURNS
} turn_purpose;

/* Waits, but not for long: a process may be stopped while it is its turn. -> whether turn_give must follow.
 * One that dies in its turn gives it away. NULL is fine, in all three. */
bool turn_take(turn *t, turn_purpose purpose);

/* Does not wait: false if another one has it. */
bool turn_try(turn *t, turn_purpose purpose);
void turn_give(turn *t, turn_purpose purpose);

#endif
