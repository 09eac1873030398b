/* The conformance check: a plugin against what design.md promises of it. docs/checks.md lists check by kind.
 * To be run in a process of its own (a wrong plugin may take it along) that called alloc_guard first. */
#ifndef ASSAY_CHECK_CHECK_H
#define ASSAY_CHECK_CHECK_H

#include "plugin/call.h"

typedef enum {
    CHECK_PASSED,
    CHECK_FAILED,
    CHECK_LEFT, /* left out: the text says why it does not apply */
} check_result;

/* Told before and after each check, so that whoever listens knows what a plugin that dies was doing. */
typedef struct {
    void *self;
    void (*begin)(void *self, const char *check);
    void (*end)(void *self, const char *check, check_result result, const char *text);
} check_sink;

/* Runs the checks of its kind on one plugin. Failures of the plugin go to the sink; the context is left
 * usable. */
void check_plugin(as_ctx *c, plugin *p, const check_sink *sink);

/* What there is to know of a check without a plugin: the k-th in the order they run; false past the last. */
typedef struct {
    const char *name, *tried; /* its line in docs/checks.md */
    const char *kinds;        /* "losses heads"; "" for all */
} check_about;

bool check_at(int k, check_about *about);
bool check_is_for(const check_about *about, const char *kind);

#endif
