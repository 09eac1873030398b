#include "lua/run_session.h"

#include "plugin/files.h"
#include "plugin/instance.h"

#include <stdlib.h>

void run_session_free(run_session *s)
{
    free(s->arm);
    free(s->artifacts);
    free(s->members);
    *s = (run_session){0};
}

static void on_source(void *self, const run_source *source)
{
    run_session *s = self;
    store_source(s->store, s->id, source->path, source->text, source->own, &s->trouble);
}

static void on_data(void *self, const char *dataset, const char *path, const char *sha256, size_t bytes)
{
    run_session *s = self;
    store_data_info info = {.dataset = dataset, .path = path, .sha256 = sha256, .size_bytes = (int64_t)bytes};
    store_data_use(s->store, s->id, &info, &s->trouble);
}

static void on_plugin(void *self, plugin *p)
{
    run_session *s = self;
    if (p->instances > 1)
        return; /* noted with its first */
    store_plugin_info info = {
        .kind = p->d.kind,
        .name = p->d.name,
        .version = p->d.version,
        .path = p->module->path,
        .source_hash = p->d.source_hash,
        .so_sha256 = load_so_sha256(p, &s->trouble),
    };
    store_plugin_use(s->store, s->id, &info, &s->trouble);
}

bool run_session_watch(run_session *s, run_sources *sources, const store_build_info *build, as_error *e)
{
    if (!s->store)
        return true;
    if (!store_build(s->store, s->id, build, e) || !store_host(s->store, s->id, e))
        return false;
    for (size_t i = 0; i < sources->n; i++)
        on_source(s, &sources->list[i]);
    sources->hook = on_source;
    sources->self = s;
    files_on_use(on_data, s);
    instance_on_new(on_plugin, s);
    return !s->trouble.text[0] || error_set(e, "%s", s->trouble.text);
}

void run_session_unwatch(run_session *s, run_sources *sources)
{
    if (!s->store)
        return;
    sources->hook = NULL;
    files_on_use(NULL, NULL);
    instance_on_new(NULL, NULL);
}

bool run_session_finish(run_session *s, const char *status, const char *error, as_error *e)
{
    if (!s->store)
        return true;
    store_end_info end = {.status = status, .error = error};
    return store_finish(s->store, s->id, &end, e);
}
