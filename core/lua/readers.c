/* A user's own files as tensors: as.read_npy, as.read_idx, as.read_csv, as.read_images, as.write_npy. What a
 * run reads is recorded as its data. */
#include "lua/internal.h"

#include "data/array.h"
#include "plugin/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a reader made; freed by free_result whichever of them it was. */
typedef struct {
    data_array x, y;
    char **classes;
    size_t n_classes;
} result;

static void free_result(result *r)
{
    data_array_free(&r->x);
    data_array_free(&r->y);
    for (size_t i = 0; i < r->n_classes; i++)
        free(r->classes[i]);
    free(r->classes);
    *r = (result){0};
}

/* ---- what is pushed ---- */

/* Takes the items: they are freed once the tensor has its copy. */
static void push_array(lua_State *L, data_array *a)
{
    lua_host *h = host_of(L);
    handle *u = handle_new(L, h);
    as_scope s = scope_open(h->c);
    as_t x = tensor_from(h->c, a->dtype, a->dims, a->items);
    data_array_free(a);
    host_finish(L, h, u, s, x);
}

/* (result) -> x; x, y; x, y, classes */
static int push_result(lua_State *L)
{
    result *r = lua_touserdata(L, 1);
    bool labelled = r->y.items != NULL;
    push_array(L, &r->x);
    if (!labelled)
        return 1;
    push_array(L, &r->y);
    if (r->n_classes == 0)
        return 2;
    lua_createtable(L, (int)r->n_classes, 0);
    for (size_t i = 0; i < r->n_classes; i++) {
        lua_pushstring(L, r->classes[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 3;
}

/* The end of a reader: its error at the script's line, or its values and a note for the run. Frees r. */
static int finish(lua_State *L, const char *reader, const char *path, bool ok, result *r,
                  const file_origin *origin, const as_error *e)
{
    if (!ok)
        return lua_host_raise(L, "%s", e->text);
    int base = lua_gettop(L);
    lua_pushcfunction(L, push_result);
    lua_pushlightuserdata(L, r);
    int status = lua_pcall(L, 1, LUA_MULTRET, 0);
    free_result(r);
    if (status != LUA_OK)
        return lua_host_raise(L, "%s: %s", path, lua_tostring(L, -1));
    files_note(reader, path, origin->sha256, origin->bytes);
    return lua_gettop(L) - base;
}

/* ---- options ---- */

static void check_table(lua_State *L, const char *what, const char *const *names, size_t n)
{
    if (!lua_isnoneornil(L, 2) && !lua_istable(L, 2))
        lua_host_raise(L, "%s: expected a table of options, got a %s", what, luaL_typename(L, 2));
    check_options(L, 2, what, names, n);
}

static as_dtype dtype_option(lua_State *L, as_dtype fallback)
{
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "dtype");
        fallback = dtype_argument(L, -1, fallback);
        lua_pop(L, 1);
    }
    return fallback;
}

static as_dtype working(lua_State *L)
{
    return context_of(host_of(L)->c)->working;
}

/* ---- arrays ---- */

typedef bool array_reader(const char *path, const data_wish *wish, data_array *out, file_origin *origin,
                          as_error *e);

static int read_array(lua_State *L, const char *name, array_reader *read)
{
    static const char *const options[] = {"dtype"};
    const char *path = luaL_checkstring(L, 1);
    check_table(L, name, options, 1);
    data_wish wish = {.real = dtype_option(L, working(L)), .whole = dtype_option(L, AS_I64)};
    as_error e = {{0}};
    file_origin origin;
    result r = {0};
    bool ok = read(path, &wish, &r.x, &origin, &e);
    return finish(L, name, path, ok, &r, &origin, &e);
}

/* as.read_npy(path, {dtype =}): floats become the working float, whole numbers and booleans i64, or all of
 * them what dtype says */
static int read_npy(lua_State *L)
{
    return read_array(L, "read_npy", npy_read);
}

/* as.read_idx(path, {dtype =}): the same of MNIST's format */
static int read_idx(lua_State *L)
{
    return read_array(L, "read_idx", idx_read);
}

/* as.write_npy(path, x) */
static int write_npy(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    as_t x = lua_host_check_tensor(L, 2);
    as_ctx *c = host_of(L)->c;
    as_error e = {{0}};
    as_scope s = scope_open(c);
    as_t dense = tensor_dense(c, x);
    bool ok = context_ok(c) && npy_write(path, (as_dtype)dense->dtype, tensor_dims(dense), dense->data, &e);
    scope_close(c, s, NULL);
    if (!context_ok(c))
        return lua_host_raise_context(L);
    return ok ? 0 : lua_host_raise(L, "%s", e.text);
}

/* ---- csv ---- */

/* The column at the top of the stack: a name or a number from 1. */
static csv_column column_argument(lua_State *L, const char *what)
{
    int exact = 0;
    lua_Integer number = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &exact) : 0;
    if (exact)
        return (csv_column){.number = number};
    if (lua_type(L, -1) != LUA_TSTRING)
        lua_host_raise(L, "read_csv: %s is %s, expected a column's name or number", what,
                       luaL_tolstring(L, -1, NULL));
    return (csv_column){.name = lua_tostring(L, -1)}; /* the options keep it */
}

/* Leaves the memory of the list on the stack. */
static void columns_option(lua_State *L, csv_options *o)
{
    if (lua_getfield(L, 2, "columns") == LUA_TNIL)
        return;
    if (!lua_istable(L, -1))
        lua_host_raise(L, "read_csv: columns is a %s, expected a list of names or numbers",
                       luaL_typename(L, -1));
    int list = lua_gettop(L);
    o->n_columns = (size_t)lua_rawlen(L, list);
    if (o->n_columns == 0)
        lua_host_raise(L, "read_csv: columns is empty");
    csv_column *columns = lua_newuserdatauv(L, o->n_columns * sizeof *columns, 0);
    for (size_t i = 0; i < o->n_columns; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        columns[i] = column_argument(L, "an item of columns");
        lua_pop(L, 1);
    }
    o->columns = columns;
}

static csv_options csv_arguments(lua_State *L, csv_column *label)
{
    csv_options o = {.separator = ',', .dtype = dtype_option(L, working(L))};
    if (!lua_istable(L, 2))
        return o;
    if (lua_getfield(L, 2, "header") != LUA_TNIL) {
        if (!lua_isboolean(L, -1))
            lua_host_raise(L, "read_csv: header is a %s, expected true or false", luaL_typename(L, -1));
        o.header = lua_toboolean(L, -1) ? CSV_HEADER : CSV_NO_HEADER;
    }
    if (lua_getfield(L, 2, "separator") != LUA_TNIL) {
        size_t n = 0;
        const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
        if (n != 1 || strchr("\"\r\n", *text))
            lua_host_raise(L, "read_csv: separator is %s, expected one character, \",\" if not said",
                           luaL_tolstring(L, -1, NULL));
        o.separator = text ? *text : ',';
    }
    if (lua_getfield(L, 2, "label") != LUA_TNIL) {
        *label = column_argument(L, "label");
        o.label = label;
    }
    columns_option(L, &o);
    return o;
}

/* as.read_csv(path, {header =, columns =, label =, separator =, dtype =}) -> x [N,D]; with a label also y
 * i64[N], and the classes' names where labels are words */
static int read_csv(lua_State *L)
{
    static const char *const options[] = {"header", "columns", "label", "separator", "dtype"};
    const char *path = luaL_checkstring(L, 1);
    check_table(L, "read_csv", options, sizeof options / sizeof *options);
    csv_column label;
    csv_options o = csv_arguments(L, &label);
    as_error e = {{0}};
    file_origin origin;
    csv_table t;
    bool ok = csv_read(path, &o, &t, &origin, &e);
    result r = {t.x, t.y, t.classes, t.n_classes};
    return finish(L, "read_csv", path, ok, &r, &origin, &e);
}

/* ---- images ---- */

/* as.read_images(folder) -> x f32[N,C,H,W] in 0 to 1; with sub-folders also y i64[N] and their names */
static int read_images(lua_State *L)
{
    const char *folder = luaL_checkstring(L, 1);
    as_error e = {{0}};
    file_origin origin;
    image_set s;
    bool ok = images_read(folder, &s, &origin, &e);
    result r = {s.x, s.y, s.classes, s.n_classes};
    return finish(L, "read_images", folder, ok, &r, &origin, &e);
}

void core_open_readers(lua_State *L)
{
    static const luaL_Reg functions[] = {{"read_npy", read_npy},   {"read_idx", read_idx},
                                         {"read_csv", read_csv},   {"read_images", read_images},
                                         {"write_npy", write_npy}, {0}};
    luaL_setfuncs(L, functions, 0);
}
