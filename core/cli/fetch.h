/* Bringing a data set to this machine: from the files a system package has installed, else from that package
 * without installing it, else from its addresses. */
#ifndef ASSAY_CLI_FETCH_H
#define ASSAY_CLI_FETCH_H

#include "data/sets.h"

#include <stdio.h>

/* Returns once every file of the set is there with the content it should have. What is missing, or lies in
 * the first folder of data_folders and is damaged, goes there: whole or not at all, under a lock, so that two
 * calls at once fetch it once; what a broken download left is taken up where it ended. `talk` gets a line for
 * each step. Fails with what to do. */
bool fetch_set(const data_set *set, FILE *talk, as_error *e);

#endif
