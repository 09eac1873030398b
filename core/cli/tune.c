/* assay tune FILE: a sweep on seeds of its own, and the point that its rule chooses for each arm. */
#include "cli/launch.h"

#include "results/sweeps.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const char *write;
    bool marked;
} given;

static const option options[] = {
    LAUNCH_OPTIONS,
    {"write", 0, OPTION_TEXT, &given.write, "FILE", "what was chosen, as a YAML file for assay run --config"},
    {"marked", 0, OPTION_FLAG, &given.marked, NULL,
     "tune although seeds or split are those that judge; verdicts then say so"},
};

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* ---- what was chosen as YAML ---- */

static const char *without(const char *prefix, const char *text)
{
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 ? text + n : text;
}

/* The setting of a column, as the user wrote it, below the arm: "loss.lam" of "arm.loss.params.lam". */
static const char *setting_of(const cJSON *axes, const char *arm, const char *column)
{
    char own[160];
    snprintf(own, sizeof own, "arms.%s.", arm);
    const cJSON *axis;
    cJSON_ArrayForEach(axis, axes)
    {
        const char *name = text_of(axis, "name");
        bool shared = strncmp(name, "params.", 7) == 0, mine = strncmp(name, own, strlen(own)) == 0;
        if ((shared || mine) &&
            strcmp(without("arm.", column), without("arm.", text_of(axis, "column"))) == 0)
            return shared ? name + 7 : name + strlen(own);
    }
    return column;
}

/* Puts the value at "loss.lam" below `tree`. */
static bool put(cJSON *tree, const char *path, const cJSON *value)
{
    const char *dot = strchr(path, '.');
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)(dot ? dot - path : (long)strlen(path)), path);
    if (!dot)
        return cJSON_AddItemToObject(tree, name, cJSON_Duplicate(value, true));
    cJSON *below = cJSON_GetObjectItemCaseSensitive(tree, name);
    if (!below)
        below = cJSON_AddObjectToObject(tree, name);
    return below && put(below, dot + 1, value);
}

static void print_yaml(FILE *f, const cJSON *tree, int depth)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, tree)
    {
        char *text = cJSON_IsObject(one) ? NULL : cJSON_PrintUnformatted(one);
        fprintf(f, "%*s%s:%s%s\n", 2 * depth, "", one->string, text ? " " : "", text ? text : "");
        cJSON_free(text);
        if (cJSON_IsObject(one))
            print_yaml(f, one, depth + 1);
    }
}

static bool write_yaml(const cJSON *arms, const char *how, as_error *e)
{
    FILE *f = given.write ? fopen(given.write, "we") : NULL;
    if (!given.write)
        return true;
    if (f) {
        fprintf(f, "# %s\narms:\n", how);
        print_yaml(f, arms, 1);
    }
    bool ok = f && !ferror(f);
    if (f)
        ok = fclose(f) == 0 && ok;
    return ok || error_set(e, "cannot write %s: %s", given.write, strerror(errno));
}

/* ---- choosing ---- */

typedef struct {
    store *s;
    const supervisor_outcome *o;
    char *seeds;   /* JSON */
    char *tunings; /* "3,4" */
    cJSON *chosen; /* {"ce": {"lr": 0.1}} */
    int points, runs, without, arms;
    bool uneven;
} choosing;

/* What the store chose for an arm, into the tree. */
static bool take(choosing *c, const char *arm, const store_choice *choice)
{
    const cJSON *axes = cJSON_GetObjectItemCaseSensitive(c->o->definition, "axes");
    cJSON *values = cJSON_Parse(choice->params), *mine = cJSON_AddObjectToObject(c->chosen, arm);
    bool ok = values && mine;
    const cJSON *value;
    if (ok)
        cJSON_ArrayForEach(value, values) ok = ok && put(mine, setting_of(axes, arm, value->string), value);
    cJSON_Delete(values);
    return ok;
}

static bool choose_for(choosing *c, const char *arm, FILE *tunings, as_error *e)
{
    const cJSON *d = c->o->definition;
    const char *rule = text_of(d, "rule");
    store_tuning_info info = {.sweep = c->o->sweep,
                              .arm = arm,
                              .metric = text_of(d, "metric"),
                              .split = text_of(d, "split"),
                              .highest = !rule || strcmp(rule, "lowest") != 0,
                              .seeds = c->seeds,
                              .marked = text_of(d, "marked")};
    store_choice choice;
    if (!store_tune(c->s, &info, &choice, e))
        return false;
    c->uneven |= c->arms > 0 && (choice.points != c->points || choice.runs != c->runs);
    c->points = choice.points;
    c->runs = choice.runs;
    c->arms++;
    if (choice.complete == 0) {
        c->without++;
        fprintf(stderr, "%s: no point has a value of %s for every seed: nothing is chosen\n", arm,
                info.metric);
        return true;
    }
    if (choice.complete < choice.points)
        fprintf(stderr, "%s: %d of %d points lack a value of %s for some seed and are not chosen from\n", arm,
                choice.points - choice.complete, choice.points, info.metric);
    fprintf(tunings, "%s%" PRId64, c->arms - c->without > 1 ? "," : "", choice.tuning);
    bool ok = take(c, arm, &choice) || error_set(e, "out of memory");
    free(choice.params);
    return ok;
}

static bool choose_all(choosing *c, as_error *e)
{
    size_t size;
    FILE *tunings = open_memstream(&c->tunings, &size);
    c->seeds = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(c->o->definition, "seeds"));
    c->chosen = cJSON_CreateObject();
    bool ok = (tunings && c->seeds && c->chosen) || error_set(e, "out of memory");
    const cJSON *arm;
    cJSON_ArrayForEach(arm, cJSON_GetObjectItemCaseSensitive(c->o->definition, "arms"))
    {
        ok = ok && choose_for(c, arm->valuestring, tunings, e);
    }
    if (tunings)
        fclose(tunings);
    return ok;
}

static bool print_choices(const choosing *c, const char *script, const char *db, as_error *e)
{
    const cJSON *d = c->o->definition;
    char *sql = NULL, how[512], flag[PATH_MAX + 8];
    size_t size;
    snprintf(how, sizeof how, "%s: %s mean of %s over seeds %s", c->o->name,
             text_of(d, "rule") ? text_of(d, "rule") : "highest", text_of(d, "metric"), c->seeds);
    FILE *f = open_memstream(&sql, &size);
    if (f)
        fprintf(f,
                "SELECT arm, points, runs, point, " LAUNCH_VALUES_SQL " AS chosen, mean, marked FROM tuning"
                " WHERE id IN (%s) ORDER BY arm",
                c->tunings);
    bool ok = (f && fclose(f) == 0) || error_set(e, "out of memory");
    printf("%s\n", how);
    ok = ok && query_run(c->s, sql, QUERY_TABLE, stdout, e) && write_yaml(c->chosen, how, e);
    free(sql);
    if (!ok)
        return false;
    launch_db_option(db, flag, sizeof flag);
    if (given.write)
        printf("\nin %s and %s; try next:\n  assay run %s --config %s%s\n", db, given.write, script,
               given.write, flag);
    else
        printf("\nin %s; write the values into the arms of %s, or --write FILE\n", db, script);
    return true;
}

static int report(const supervisor_outcome *o, const char *script, const char *db, bool all)
{
    as_error e = {0};
    if (!all) {
        fprintf(stderr, "%s: not all runs are done: nothing is chosen\n", o->name);
        return EXIT_FAILED;
    }
    choosing c = {.o = o, .s = store_open(db, STORE_WRITE, &e)};
    bool ok = c.s && choose_all(&c, &e) && (c.arms == c.without || print_choices(&c, script, db, &e));
    if (ok && c.uneven)
        fprintf(stderr,
                "warning: the arms had different budgets; give each as many points, or say why not\n");
    int code = !ok ? command_failed(&e) : c.without ? EXIT_FAILED : EXIT_OK;
    store_close(c.s);
    cJSON_Delete(c.chosen);
    cJSON_free(c.seeds);
    free(c.tunings);
    return code;
}

static int run(const command *self, int argc, char **argv)
{
    return launch(
        self, argc, argv,
        &(launch_kind){.mode = "tune", .definition = true, .marked = &given.marked, .report = report});
}

const command command_tune = {
    .name = "tune",
    .doc = "choose parameters: a sweep on seeds of its own, and the best point of each arm",
    .operands = "FILE.lua [TUNE.yaml]",
    .example = "assay tune experiments/quickstart.lua tune.yaml --write tuned.yaml",
    .more = "What to vary stands in the YAML file or under `tune` in the script, as for assay sweep, and\n"
            "  metric: train/loss        # its last value in each run is what is chosen by\n"
            "  rule: lowest              # or highest (if not given): mean over the seeds\n"
            "  split: train              # the data it is measured on, if its name does not begin so\n"
            "  seeds: [100, 101]         # apart from the seeds that judge\n"
            "The choice stands in the table tuning, with metric, rule, seeds and the budget of each arm.\n"
            "Seeds that judge too, a test split and the headline metric are refused without --marked.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
