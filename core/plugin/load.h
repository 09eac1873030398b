/* Loading: note, ABI and sanitizer are checked before dlopen, the descriptors after it. A file is loaded once
 * and never unloaded; everything returned here lives as long as the process. */
#ifndef ASSAY_PLUGIN_LOAD_H
#define ASSAY_PLUGIN_LOAD_H

#include "plugin/signature.h"

#include <assay/describe.h>

#define LOAD_ABI_MAJOR 1
#define LOAD_ABI_MINOR 1 /* the highest this host speaks; it speaks all from 0 */

struct module;
struct instance;

/* One plugin, checked: parameters in order, signature parsed, calls of its kind present. */
typedef struct {
    as_plugin d;          /* the descriptor; fields newer than the plugin are zero */
    const char *name;     /* "losses/poly1" */
    signature *signature; /* never NULL; empty when the plugin gives none */
    struct module *module;
    uint64_t instances; /* made so far: the number of the next */
} plugin;

/* How files that are no machine code are loaded: plugins in Lua, by whoever runs Lua. */
typedef struct {
    void *self;
    /* The module of a file, as AS_MODULE makes it; lives until load_language(NULL). NULL and a text that
     * begins with the path. */
    const as_module *(*load)(void *self, const char *path, as_error *e);
    /* The instance goes: its half there (instance->script) may go, too. */
    void (*release)(struct instance *i);
    /* Gives back what is not reached any more, so that memory can be counted. */
    void (*collect)(void *self);
} load_scripts;

/* From now on files .lua are loaded so; NULL: forgets those that were, whose instances are gone. */
void load_language(const load_scripts *scripts);
const load_scripts *load_language_now(void);

typedef struct module {
    char *path;                  /* as found: "plugins/losses/poly1.so", "plugins/losses/mine.lua" */
    const load_scripts *scripts; /* NULL for machine code */
    uint32_t abi_major, abi_minor;
    int count;
    plugin *list;
    char so_sha256[65]; /* empty until load_so_sha256 */
    struct module *next;
} module;

/* The plugin KIND/NAME: by path, else by looking into every file of the kind. NULL and a text that begins
 * with the file's path or names what was not found. */
plugin *load_plugin(const char *kind, const char *name, as_error *e);

/* The same from one word, "losses/poly1". */
plugin *load_plugin_named(const char *kind_name, as_error *e);

/* The counts of instances, set aside: those made until load_counts_back are numbered from 0, as in a process
 * of their own; then the counts are as they were. NULL: out of memory. */
typedef struct load_counts load_counts;
load_counts *load_counts_aside(void);
void load_counts_back(load_counts *kept);

/* Told, once for each plugin that load_plugin brings, what is doubtful: it is older than its source, or hides
 * a plugin of the same name from another source. NULL: nobody. */
typedef void load_warning(void *self, const char *text);
void load_on_warning(load_warning *hook, void *self);

/* All plugins of one file. */
module *load_file(const char *path, as_error *e);

/* Hash of the file, computed once. NULL when it cannot be read. */
const char *load_so_sha256(plugin *p, as_error *e);

/* The plugin's identity: the source hash the build compiled in, or the file's hash for one built by hand. */
const char *load_source_hash(plugin *p, as_error *e);

/* Whether the descriptor is in order, as load_file checks it; the text has no path in front. Fills
 * *signature (owned, also freed here on failure). */
bool load_check(const as_plugin *d, signature **sig, as_error *e);

#endif
