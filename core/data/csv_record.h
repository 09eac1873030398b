/* One line of a CSV file after the other, cut into fields in place. For csv.c. */
#ifndef ASSAY_DATA_CSV_RECORD_H
#define ASSAY_DATA_CSV_RECORD_H

#include "base/error.h"

#include <stddef.h>

typedef struct {
    char *text; /* ended by a zero byte, spaces around it cut off unless quoted */
    size_t length;
} csv_field;

typedef struct {
    const char *path;
    char *at, *end; /* what is left; the byte at `end` may be written */
    char separator;
    long line, next_line; /* of the record, and of what follows it */
    csv_field *fields;    /* owned */
    size_t n, room;
} csv_reader;

/* The next record that is not empty. False at the end, and after a failure, which fills e. */
bool csv_next(csv_reader *r, as_error *e);

/* All of it is a number: decimal, with an exponent, inf or nan. */
bool csv_number(const csv_field *f, double *value);

#endif
