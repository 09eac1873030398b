#include "plugin/load.h"

#include "base/breadcrumb.h"
#include "base/hash.h"
#include "plugin/elf.h"
#include "plugin/index.h"
#include "plugin/source.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static module *modules; /* all that are loaded; they stay */
static const load_scripts *language;

static const char *sanitizer_name(uint32_t sanitizer)
{
    return sanitizer == 0   ? "without a sanitizer"
           : sanitizer == 1 ? "with -fsanitize=address"
           : sanitizer == 2 ? "with -fsanitize=thread"
                            : "with an unknown sanitizer";
}

/* The command that builds it again, also where its source cannot be seen: as the tree has it. */
static const char *rebuild_command(const char *path, plugin_source *s)
{
    if (source_find(path, s))
        return s->command;
    const char *tail = path + strlen(path);
    for (int slashes = 0; tail > path && (slashes += tail[-1] == '/') < 2;)
        tail--;
    int length = (int)strlen(tail) - 3;
    if (length > 0 && strcmp(tail + length, ".so") == 0)
        snprintf(s->command, sizeof s->command, "assay build plugins/%.*s.c", length, tail);
    else
        snprintf(s->command, sizeof s->command, "assay build %s", path);
    return s->command;
}

static bool check_abi(const char *path, uint32_t major, uint32_t minor, as_error *e)
{
    if (major == LOAD_ABI_MAJOR && minor <= LOAD_ABI_MINOR)
        return true;
    plugin_source s;
    char highest[32] = "";
    if (LOAD_ABI_MINOR > 0)
        snprintf(highest, sizeof highest, " to %d.%d", LOAD_ABI_MAJOR, LOAD_ABI_MINOR);
    return error_set(e, "%s: built for plugin ABI %u.%u, this assay speaks %d.0%s. Rebuild it: %s", path,
                     major, minor, LOAD_ABI_MAJOR, highest, rebuild_command(path, &s));
}

static bool check_note(const char *path, elf_note *note, as_error *e)
{
    if (!elf_read_note(path, note, e) || !check_abi(path, note->abi_major, note->abi_minor, e))
        return false;
    if (note->sanitizer != AS_SANITIZER)
        return error_set(e, "%s: built %s, this assay %s: build both the same way", path,
                         sanitizer_name(note->sanitizer), sanitizer_name(AS_SANITIZER));
    return true;
}

/* The exported module; that the symbol is data of its size is asked of the symbol table, not of the bytes. */
static const as_module *find_module(const char *path, void *handle, as_error *e)
{
    void *symbol = dlsym(handle, "assay_plugin");
    Dl_info info;
    ElfW(Sym) *entry = NULL;
    if (!symbol)
        error_set(e, "%s: exports no assay_plugin: it needs one AS_PLUGIN(...) or AS_MODULE(...)", path);
    else if (!dladdr1(symbol, &info, (void **)&entry, RTLD_DL_SYMENT) || !entry ||
             ELF64_ST_TYPE(entry->st_info) != STT_OBJECT || entry->st_size < sizeof(as_module))
        error_set(e, "%s: assay_plugin is no module: it must come from AS_PLUGIN or AS_MODULE", path);
    else
        return symbol;
    return NULL;
}

/* A descriptor's bytes by minor version: what a plugin of that minor was compiled with. */
static const uint32_t descriptor_size[LOAD_ABI_MINOR + 1] = {232, 232};
_Static_assert(sizeof(as_plugin) == 232, "a new minor: append its size, do not change the old ones");

static bool check_module(const char *path, const elf_note *note, const as_module *m, as_error *e)
{
    if (m->abi_major != note->abi_major || m->abi_minor != note->abi_minor)
        return error_set(e, "%s: its note says ABI %u.%u, its module %u.%u: built with an edited plugin.h",
                         path, note->abi_major, note->abi_minor, m->abi_major, m->abi_minor);
    uint32_t size = descriptor_size[m->abi_minor];
    if (m->size != size)
        return error_set(e, "%s: descriptor of %u bytes, ABI %u.%u has %u: built with an edited plugin.h",
                         path, m->size, m->abi_major, m->abi_minor, size);
    if (m->count == 0 || !m->list)
        return error_set(e, "%s: a module without plugins", path);
    for (uint32_t i = 0; i < m->count; i++)
        if (!m->list[i] || m->list[i]->size != m->size)
            return error_set(
                e, "%s: descriptor %u of %u bytes, ABI %u.%u has %u: built with an edited plugin.h", path,
                i + 1, m->list[i] ? m->list[i]->size : 0, m->abi_major, m->abi_minor, size);
    return true;
}

/* The descriptors, checked, in the host's own records. */
static bool take_plugins(module *out, const as_module *m, as_error *e)
{
    out->list = calloc(m->count, sizeof *out->list);
    if (!out->list)
        return error_set(e, "%s: out of memory", out->path);
    for (uint32_t i = 0; i < m->count; i++) {
        plugin *p = &out->list[i];
        as_error inner = {{0}};
        memcpy(&p->d, m->list[i], m->size); /* fields newer than the plugin stay zero */
        p->module = out;
        out->count = (int)i + 1;
        if (!load_check(&p->d, &p->signature, &inner))
            return error_set(e, "%s: %s", out->path, inner.text);
        char *name;
        if (asprintf(&name, "%s/%s", p->d.kind, p->d.name) < 0)
            return error_set(e, "%s: out of memory", out->path);
        p->name = name;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(out->list[k].name, p->name) == 0)
                return error_set(e, "%s: holds %s twice", out->path, p->name);
    }
    return true;
}

static void module_free(module *m)
{
    for (int i = 0; i < m->count; i++) {
        signature_free(m->list[i].signature);
        free((char *)m->list[i].name);
    }
    free(m->list);
    free(m->path);
    free(m);
}

static module *take_module(const char *path, const load_scripts *scripts, const as_module *m, as_error *e)
{
    module *out = calloc(1, sizeof *out);
    if (!out || !(out->path = strdup(path))) {
        free(out);
        error_set(e, "%s: out of memory", path);
        return NULL;
    }
    out->scripts = scripts;
    out->abi_major = m->abi_major;
    out->abi_minor = m->abi_minor;
    if (!take_plugins(out, m, e)) {
        module_free(out);
        return NULL;
    }
    out->next = modules;
    return modules = out;
}

static module *open_module(const char *path, const elf_note *note, as_error *e)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        size_t length = strlen(path);
        if (why && strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0)
            why += length + 2;
        error_set(e, "%s: cannot load: %s", path, why ? why : "unknown reason");
        return NULL;
    }
    const as_module *m = find_module(path, handle, e);
    return m && check_module(path, note, m, e) ? take_module(path, NULL, m, e) : NULL;
}

static module *open_script(const char *path, as_error *e)
{
    if (!language) {
        error_set(e, "%s: plugins in Lua are loaded by assay-worker only", path);
        return NULL;
    }
    const as_module *m = language->load(language->self, path, e);
    return m ? take_module(path, language, m, e) : NULL;
}

static bool is_script(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".lua") == 0;
}

const load_scripts *load_language_now(void)
{
    return language;
}

void load_language(const load_scripts *scripts)
{
    language = scripts;
    for (module **m = &modules; !scripts && *m;) {
        module *gone = *m;
        if (!gone->scripts) {
            m = &gone->next;
            continue;
        }
        *m = gone->next;
        module_free(gone);
    }
}

/* "losses/poly1.so" of "plugins/losses/poly1.so" */
static const char *last_parts(const char *path)
{
    const char *at = path + strlen(path);
    for (int slashes = 0; at > path && (slashes += at[-1] == '/') < 2; at--)
        continue;
    return at;
}

module *load_file(const char *path, as_error *e)
{
    char here[FIND_PATH];
    if (!strchr(path, '/')) { /* without a slash dlopen would look among the system's libraries */
        snprintf(here, sizeof here, "./%s", path);
        path = here;
    }
    for (module *m = modules; m; m = m->next)
        if (strcmp(m->path, path) == 0)
            return m;
    elf_note note;
    if (is_script(path))
        return open_script(path, e);
    if (!check_note(path, &note, e))
        return NULL;
    breadcrumb_push(breadcrumb_here(), last_parts(path), "load");
    module *m = open_module(path, &note, e);
    breadcrumb_pop(breadcrumb_here());
    return m;
}

struct load_counts {
    int n;
    struct {
        plugin *of;
        uint64_t count;
    } list[];
};

load_counts *load_counts_aside(void)
{
    int n = 0;
    for (const module *m = modules; m; m = m->next)
        n += m->count;
    load_counts *kept = malloc(sizeof *kept + (size_t)n * sizeof kept->list[0]);
    if (!kept)
        return NULL;
    kept->n = 0;
    for (module *m = modules; m; m = m->next)
        for (int i = 0; i < m->count; i++) {
            kept->list[kept->n].of = &m->list[i];
            kept->list[kept->n++].count = m->list[i].instances;
            m->list[i].instances = 0;
        }
    return kept;
}

void load_counts_back(load_counts *kept)
{
    for (module *m = modules; m; m = m->next)
        for (int i = 0; i < m->count; i++)
            m->list[i].instances = 0; /* also of those loaded since */
    for (int i = 0; i < kept->n; i++)
        kept->list[i].of->instances = kept->list[i].count;
    free(kept);
}

static plugin *plugin_in(module *m, const char *kind, const char *name)
{
    for (int i = 0; i < m->count; i++)
        if (strcmp(m->list[i].d.kind, kind) == 0 && strcmp(m->list[i].d.name, name) == 0)
            return &m->list[i];
    return NULL;
}

/* A plugin that shares its file with others, by the index; else a failure that suggests what there is. */
static plugin *load_by_search(const char *kind, const char *name, as_error *e)
{
    cJSON *rows = index_rows(kind, e), *row;
    const char **names = rows ? calloc((size_t)cJSON_GetArraySize(rows) + 1, sizeof *names) : NULL;
    plugin *found = NULL;
    int n = 0;
    if (rows && !names)
        error_set(e, "out of memory");
    if (names)
        cJSON_ArrayForEach(row, rows)
        {
            if (cJSON_HasObjectItem(row, "error")) /* a broken file is no reason to refuse another */
                continue;
            names[n++] = index_text(row, "name");
            if (found || strcmp(names[n - 1], name) != 0)
                continue;
            module *m = load_file(index_text(row, "path"), e);
            found = m ? plugin_in(m, kind, name) : NULL;
        }
    if (names && !found)
        find_missing(kind, name, names, n, e);
    free(names);
    cJSON_Delete(rows);
    return found;
}

static load_warning *warn;
static void *warn_self;

void load_on_warning(load_warning *hook, void *self)
{
    warn = hook;
    warn_self = self;
}

static void warn_of_age(plugin *p)
{
    plugin_source s;
    as_error text = {{0}};
    if (!source_changed(p->module->path, p->d.source_hash, &s))
        return;
    error_set(&text, "%s: %s is older than %s; build it again: %s", p->name, p->module->path, s.path,
              s.command);
    warn(warn_self, text.text);
}

static void warn_of_hidden(plugin *p)
{
    enum { PATHS = 8 };
    char paths[PATHS][FIND_PATH], hash[65];
    as_error ignored = {{0}};
    const char *mine = load_source_hash(p, &ignored);
    int n = find_paths(p->d.kind, p->d.name, paths, PATHS);
    for (int i = 0; mine && i < n; i++) {
        if (strcmp(paths[i], p->module->path) == 0)
            continue;
        index_source_hash(paths[i], p->d.kind, p->d.name, hash);
        if (!*hash || strcmp(hash, mine) == 0)
            continue;
        as_error text = {{0}};
        error_set(&text, "%s: %s is used; %s, of another source, comes later in the search", p->name,
                  p->module->path, paths[i]);
        warn(warn_self, text.text);
    }
}

/* The first of its name in the search. */
static plugin *load_first(const char *kind, const char *name, as_error *e)
{
    char path[FIND_PATH];
    if (!find_path(kind, name, path))
        return load_by_search(kind, name, e);
    module *m = load_file(path, e);
    plugin *p = m ? plugin_in(m, kind, name) : NULL;
    if (m && !p)
        error_set(e, "%s: holds %s, not %s/%s", path, m->list[0].name, kind, name);
    return p;
}

plugin *load_plugin(const char *kind, const char *name, as_error *e)
{
    if (!find_kind(kind, e))
        return NULL;
    if (strchr(name, '/') || !*name) {
        error_set(e, "no plugin %s/%s: a name has no slash", kind, name);
        return NULL;
    }
    for (module *m = modules; m; m = m->next) {
        plugin *p = plugin_in(m, kind, name);
        if (p)
            return p;
    }
    plugin *p = load_first(kind, name, e);
    if (p && warn) {
        warn_of_age(p);
        warn_of_hidden(p);
    }
    return p;
}

plugin *load_plugin_named(const char *kind_name, as_error *e)
{
    const char *slash = strchr(kind_name, '/');
    char kind[32];
    if (!slash ||
        snprintf(kind, sizeof kind, "%.*s", (int)(slash - kind_name), kind_name) >= (int)sizeof kind) {
        error_set(e, "\"%s\" is no plugin: write KIND/NAME, as losses/poly1", kind_name);
        return NULL;
    }
    return load_plugin(kind, slash + 1, e);
}

const char *load_so_sha256(plugin *p, as_error *e)
{
    module *m = p->module;
    if (!*m->so_sha256 && !hash_file(m->path, m->so_sha256, e))
        return NULL;
    return m->so_sha256;
}

const char *load_source_hash(plugin *p, as_error *e)
{
    return p->d.source_hash && *p->d.source_hash ? p->d.source_hash : load_so_sha256(p, e);
}
