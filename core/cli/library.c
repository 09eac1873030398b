/* Commands that are written in Lua (lua/assay/command): their options go to the worker as JSON. */
#include "cli/library.h"

#include "supervisor/paths.h"
#include "supervisor/process.h"

void library_text(cJSON *options, const char *name, const char *text)
{
    if (text)
        cJSON_AddStringToObject(options, name, text);
}

void library_count(cJSON *options, const char *name, int n)
{
    if (n > 0)
        cJSON_AddNumberToObject(options, name, n);
}

void library_list(cJSON *options, const char *name, const option_list *list)
{
    if (list->n == 0)
        return;
    cJSON *array = cJSON_AddArrayToObject(options, name);
    for (size_t i = 0; i < list->n; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(list->item[i]));
}

int library_call(const char *module, cJSON *options, library_end end)
{
    as_error e = {0};
    path_text worker;
    char *text = cJSON_PrintUnformatted(options);
    cJSON_Delete(options);
    const char *const argv[] = {worker, "library", module, text, NULL};
    int code = -1;
    if (!text)
        error_set(&e, "out of memory");
    else if (path_of_worker(worker, &e))
        code = end == LIBRARY_STAYS ? process_become(argv, &e) : process_run(argv, &e);
    cJSON_free(text);
    return code < 0 ? command_failed(&e) : code;
}
