#include "cli/launch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

launch_options launch_given = {.jobs = 1};

const char *launch_db_option(const char *db, char *out, size_t size)
{
    bool usual = strcmp(db, "results/assay.db") == 0;
    snprintf(out, size, "%s%s", usual ? "" : " --db ", usual ? "" : db);
    return out;
}

/* ---- the planner's arguments ---- */

static bool add_pair(option_list *to, const char *name, const char *value)
{
    return !value || (option_list_add(to, name) && option_list_add(to, value));
}

static bool add_all(option_list *to, const char *name, const option_list *values)
{
    bool ok = true;
    for (size_t i = 0; ok && i < values->n; i++)
        ok = add_pair(to, name, values->item[i]);
    return ok;
}

/* `seeds` is room for a number's text. */
static bool planner_arguments(option_list *to, const launch_kind *kind, const char *definition,
                              char seeds[16])
{
    const launch_options *g = &launch_given;
    snprintf(seeds, 16, "%d", g->seeds);
    return add_pair(to, "--mode", kind->mode) && add_pair(to, "--sweep", definition) &&
           add_pair(to, "--marked", kind->marked && *kind->marked ? "yes" : NULL) &&
           add_pair(to, "--smoke", g->smoke ? "yes" : NULL) && add_pair(to, "--config", g->config) &&
           add_all(to, "--set", &g->set) && add_all(to, "--seed", &g->seed) &&
           add_all(to, "--arm", &g->arm) && add_pair(to, "--seeds", g->seeds ? seeds : NULL);
}

/* A positive number with an optional unit: the letters of `units`, each `step` times the one before. */
static bool read_amount(const char *text, const char *units, double step, double *out)
{
    char *end;
    double value = strtod(text, &end);
    for (const char *unit = units; *unit && *end; unit++) {
        value *= unit == units ? 1 : step;
        if (*end == *unit && !end[1])
            end++;
    }
    *out = value;
    return end != text && !*end && value > 0 && value < 1e18;
}

/* What --time-limit and --memory-limit say. */
static bool read_limits(const command *self, supervisor_options *o)
{
    const char *time = launch_given.time_limit, *memory = launch_given.memory_limit;
    if (time && !read_amount(time, "smh", 60, &o->time_limit)) {
        command_misused(self, "--time-limit is \"%s\", expected a time like 90, 90s, 10m or 2h", time);
        return false;
    }
    if (memory && !read_amount(memory, "BKMG", 1024, &o->memory_limit)) {
        command_misused(self, "--memory-limit is \"%s\", expected a size like 500000000, 500M or 2G", memory);
        return false;
    }
    return true;
}

/* ---- looking ---- */

static const char *text_of(const cJSON *item, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, name));
    return text ? text : "";
}

static void print_look(const cJSON *list)
{
    int counts[4] = {0}, place = 0;
    static const struct {
        const char *state, *text;
    } states[4] = {{"done", "done as run"},
                   {"running", "running as run"},
                   {"resume", "goes on with run"},
                   {"new", "new"}};
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        const cJSON *run = cJSON_GetObjectItemCaseSensitive(one, "run");
        const char *why = text_of(one, "why");
        for (int i = 0; i < 4; i++) {
            if (strcmp(states[i].state, text_of(one, "state")) != 0)
                continue;
            counts[i]++;
            printf("[%d] %s: %s", ++place, text_of(one, "label"), states[i].text);
            if (cJSON_IsNumber(run))
                printf(" %.0f", run->valuedouble);
            printf("%s%s\n", !*why ? "" : i == 0 ? ", by another build: " : ", ", why);
        }
    }
    fflush(stdout);
    fprintf(stderr, "%d run%s: %d done, %d to make", place, place == 1 ? "" : "s", counts[0],
            counts[2] + counts[3]);
    if (counts[1])
        fprintf(stderr, ", %d being made by another assay", counts[1]);
    fprintf(stderr, "; nothing was started\n");
}

static int look(const supervisor_options *o)
{
    as_error e = {0};
    supervisor_outcome outcome = {0};
    cJSON *list = supervisor_look(o, &outcome, &e);
    int code = outcome.misuse ? EXIT_USAGE : EXIT_FAILED;
    supervisor_outcome_free(&outcome);
    if (!list) {
        command_failed(&e);
        return code;
    }
    char *text = launch_given.json ? cJSON_Print(list) : NULL;
    if (text)
        printf("%s\n", text);
    else
        print_look(list);
    cJSON_free(text);
    cJSON_Delete(list);
    return EXIT_OK;
}

/* ---- running ---- */

static int run_all(const supervisor_options *o, const launch_kind *kind)
{
    as_error e = {0};
    supervisor_outcome outcome = {0};
    int code = EXIT_FAILED;
    if (!command_trace_nan(launch_given.trace_nan, &e) || !supervisor_run(o, &outcome, &e)) {
        command_failed(&e);
        code = outcome.misuse ? EXIT_USAGE : EXIT_FAILED;
    } else {
        int done = outcome.done + outcome.skipped;
        bool all = done == outcome.planned;
        code = outcome.n_runs > 0 ? kind->report(&outcome, o->script, o->db, all) : EXIT_FAILED;
        if (outcome.interrupted)
            fprintf(stderr, "stopped with %d of %d runs done; the same command makes the others\n", done,
                    outcome.planned);
        else if (!all)
            fprintf(stderr, "%d of %d runs are not done\n", outcome.planned - done, outcome.planned);
        if (!all)
            code = EXIT_FAILED;
    }
    supervisor_outcome_free(&outcome);
    return code;
}

static int launch_files(const command *self, const launch_kind *kind, const option_list *files)
{
    char seeds[16];
    option_list arguments = {0};
    int code = EXIT_USAGE;
    const char *definition = files->n > 1 ? files->item[1] : NULL;
    if (!planner_arguments(&arguments, kind, definition, seeds)) {
        command_misused(self, "out of memory");
    } else {
        supervisor_options o = {.script = files->item[0],
                                .plan_args = arguments.item,
                                .n_plan_args = arguments.n,
                                .db = store_locate(launch_given.db),
                                .jobs = launch_given.jobs,
                                .again = launch_given.again || launch_given.trace_nan,
                                .rebuild_stale = launch_given.rebuild_stale,
                                .max_failures = launch_given.max_failures,
                                .talk = stderr};
        if (read_limits(self, &o))
            code = launch_given.dry_run ? look(&o) : run_all(&o, kind);
    }
    option_list_free(&arguments);
    return code;
}

int launch(const command *self, int argc, char **argv, const launch_kind *kind)
{
    option_list files = {0};
    launch_options *g = &launch_given;
    int code;
    if (!command_read(self, argc, argv, &files))
        code = EXIT_USAGE;
    else if (files.n < 1 || files.n > (kind->definition ? 2 : 1))
        code = command_misused(self, "needs one experiment file%s, got %zu; example: %s",
                               kind->definition ? " and at most one YAML file" : "", files.n, self->example);
    else if (g->jobs > SUPERVISOR_JOBS_MAX)
        code = command_misused(self, "-j is at most %d, not %d", SUPERVISOR_JOBS_MAX, g->jobs);
    else if (g->seeds && g->seed.n)
        code = command_misused(self, "--seeds and --seed exclude each other");
    else if (g->json && !g->dry_run)
        code = command_misused(self, "--json is for --dry-run; assay runs --json prints results");
    else
        code = launch_files(self, kind, &files);
    option_list_free(&files);
    option_list_free(&g->set);
    option_list_free(&g->seed);
    option_list_free(&g->arm);
    return code;
}
