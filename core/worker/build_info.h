/* What this program was built from; build_info.c is written by the build (cmake/build_info.cmake). */
#ifndef ASSAY_WORKER_BUILD_INFO_H
#define ASSAY_WORKER_BUILD_INFO_H

extern const char *const build_version;    /* "0.1.0" */
extern const char *const build_type;       /* "Release" */
extern const char *const build_git_commit; /* 40 digits; NULL outside a repository */
extern const char build_dirty_diff[];      /* uncommitted changes, empty for none */

#endif
