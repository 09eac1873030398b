#ifndef ASSAY_BASE_FOLDER_H
#define ASSAY_BASE_FOLDER_H

#include "base/error.h"

/* Makes the folder and those above it; fine if it is there. Fails "cannot make the folder PATH: reason". */
bool folder_make(const char *path, as_error *e);

#endif
