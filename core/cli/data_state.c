#include "cli/data_state.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

data_state data_state_of(const data_set *set)
{
    data_state s = {0};
    size_t on_disk = 0, to_fetch = 0;
    for (size_t i = 0; i < set->n_files; i++) {
        char path[DATA_PATH];
        struct stat info;
        to_fetch += set->files[i].bytes;
        if (!data_locate(set->name, set->files[i].name, path) || stat(path, &info) != 0)
            continue;
        on_disk += (size_t)info.st_size;
        if (s.found++ == 0)
            snprintf(s.folder, sizeof s.folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    }
    s.bytes = s.found == set->n_files ? on_disk : to_fetch;
    return s;
}

const char *data_state_text(const data_set *set, const data_state *s, char *out, size_t room)
{
    if (s->found == set->n_files)
        snprintf(out, room, "in %s", s->folder);
    else if (s->found)
        snprintf(out, room, "%zu of %zu files in %s; assay data get %s", s->found, set->n_files, s->folder,
                 set->name);
    else
        snprintf(out, room, "missing; assay data get %s", set->name);
    return out;
}

const char *data_size_text(size_t bytes, char out[32])
{
    if (bytes >= 1000000)
        snprintf(out, 32, "%.1f MB", (double)bytes / 1e6);
    else
        snprintf(out, 32, "%.1f kB", (double)bytes / 1e3);
    return out;
}

static cJSON *set_json(const data_set *set)
{
    data_state s = data_state_of(set);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", set->name);
    cJSON_AddStringToObject(json, "doc", set->doc);
    cJSON_AddBoolToObject(json, "complete", s.found == set->n_files);
    cJSON_AddNumberToObject(json, "bytes", (double)s.bytes);
    if (set->package)
        cJSON_AddStringToObject(json, "package", set->package);
    cJSON *addresses = cJSON_AddArrayToObject(json, "addresses");
    for (size_t k = 0; k < DATA_ADDRESSES && set->address[k]; k++)
        cJSON_AddItemToArray(addresses, cJSON_CreateString(set->address[k]));
    cJSON *files = cJSON_AddArrayToObject(json, "files");
    for (size_t i = 0; i < set->n_files; i++) {
        char path[DATA_PATH];
        cJSON *file = cJSON_CreateObject();
        cJSON_AddStringToObject(file, "name", set->files[i].name);
        if (data_locate(set->name, set->files[i].name, path))
            cJSON_AddStringToObject(file, "path", path);
        else
            cJSON_AddNullToObject(file, "path");
        cJSON_AddStringToObject(file, "content_sha256", set->files[i].sha256);
        cJSON_AddItemToArray(files, file);
    }
    return json;
}

cJSON *data_state_json(void)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < data_set_count; i++)
        cJSON_AddItemToArray(list, set_json(&data_sets[i]));
    return list;
}
