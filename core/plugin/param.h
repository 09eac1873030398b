/* A plugin's parameters: from JSON into its struct and back, by its table. Texts begin with the plugin's
 * name: `losses/poly1: no parameter "epsilom"; did you mean "epsilon"?`, `losses/poly1: epsilon = -3 is
 * outside -1 to 10`. */
#ifndef ASSAY_PLUGIN_PARAM_H
#define ASSAY_PLUGIN_PARAM_H

#include "base/error.h"

#include <assay/types.h>
#include <cjson/cJSON.h>

typedef struct {
    double low, high;
    bool low_open, high_open;
} param_range;

/* "[-1, 10]", "(0, inf)"; NULL is no limit. False for a text of another form. */
bool param_range_parse(const char *text, param_range *r);
bool param_range_holds(const param_range *r, double value);
/* "-1 to 10", "0 to inf (0 excluded)" */
const char *param_range_text(const param_range *r, char buffer[160]);

/* The shortest text that reads back as the same number. */
const char *param_number_text(double value, char buffer[32]);

int param_count(const as_plugin *p);
const as_param *param_find(const as_plugin *p, const char *name); /* NULL when there is none */

/* The k-th word of a choice ("mean|sum|none") and its length; NULL past the last. */
const char *param_word(const as_param *q, int k, int *length);

/* Whether one value fits: type, range, words. */
bool param_check(const as_plugin *p, const as_param *q, const cJSON *value, as_error *e);

/* Writes the given values (an object, or NULL for none) and the defaults of the others into the struct, which
 * has params_size zeroed bytes. Strings are copied: param_release frees them, also after a failure. */
bool param_fill(const as_plugin *p, const cJSON *given, void *values, as_error *e);
void param_release(const as_plugin *p, void *values);

/* The values of a filled struct as an object, in the table's order. Owned: cJSON_Delete. NULL when out of
 * memory. */
cJSON *param_json(const as_plugin *p, const void *values);

/* Puts the tensors among the given values into such an object: a struct holds no list of theirs. */
void param_json_tensors(const as_plugin *p, const cJSON *given, cJSON *object);

/* The same of the defaults with `given` over them, without an instance: what a plan writes down. NULL and e
 * on a wrong value. Does not run the plugin's validate. */
cJSON *param_resolve(const as_plugin *p, const cJSON *given, as_error *e);

/* Lists (param_list.c): the default's text as an array (NULL if it does not read so), a field's value. */
cJSON *param_list_default(const as_param *q);
bool param_list_write(const as_param *q, const cJSON *value, void *field);
void param_list_release(const as_param *q, void *field);
cJSON *param_list_json(const as_param *q, const void *field);

/* Whether the table itself is in order: names, docs, ranges, defaults, offsets. No plugin's name in front. */
bool param_check_table(const as_plugin *p, as_error *e);

#endif
