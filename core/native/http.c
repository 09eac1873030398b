/* require "assay.http": a small server for browsers on this machine, by libmicrohttpd. One thread: a page is
 * made by a Lua function while the others wait. */
#include <arpa/inet.h>
#include <lauxlib.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { MOST_CONNECTIONS = 32, IDLE_SECONDS = 30, ROUND_MS = 500 };

typedef struct {
    lua_State *L;
    int port;
} server;

static volatile sig_atomic_t ending;

static void end(int signal)
{
    (void)signal;
    ending = 1;
}

/* Another page may make a browser ask us under a name of its own that leads here (DNS rebinding): only our
 * own names are answered. */
static int is_ours(const char *host, int port)
{
    static const char *const names[] = {"127.0.0.1", "localhost"};
    char with_port[32];
    for (size_t i = 0; host && i < sizeof names / sizeof *names; i++) {
        snprintf(with_port, sizeof with_port, "%s:%d", names[i], port);
        if (strcmp(host, with_port) == 0 || (port == 80 && strcmp(host, names[i]) == 0))
            return 1;
    }
    return 0;
}

/* What a page may do: run its own script, ask this server, and nothing else. */
static const struct {
    const char *name, *value;
} headers[] = {
    {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                                "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                                "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
};

static enum MHD_Result send_text(struct MHD_Connection *to, unsigned status, const char *type,
                                 const char *text, size_t n)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(n, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, "Content-Type", type);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(r, headers[i].name, headers[i].value);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, "Allow", "GET, HEAD");
    enum MHD_Result sent = MHD_queue_response(to, status, r);
    MHD_destroy_response(r);
    return sent;
}

static enum MHD_Result refuse(struct MHD_Connection *to, unsigned status, const char *text)
{
    return send_text(to, status, "text/plain; charset=utf-8", text, strlen(text));
}

/* Asks the Lua function, which lies at 1: answer(path, since) -> status, type, text */
static enum MHD_Result ask(server *s, struct MHD_Connection *to, const char *path)
{
    lua_State *L = s->L;
    int top = lua_gettop(L);
    lua_pushvalue(L, 1);
    lua_pushstring(L, path);
    lua_pushstring(L, MHD_lookup_connection_value(to, MHD_GET_ARGUMENT_KIND, "since"));
    enum MHD_Result sent;
    if (lua_pcall(L, 2, 3, 0) != LUA_OK) {
        const char *text = lua_tostring(L, -1);
        fprintf(stderr, "assay serve: %s: %s\n", path, text ? text : "an error without a text");
        sent = refuse(to, MHD_HTTP_INTERNAL_SERVER_ERROR, text ? text : "an error without a text");
    } else {
        size_t n;
        const char *type = lua_tostring(L, -2), *text = lua_tolstring(L, -1, &n);
        sent = send_text(to, (unsigned)lua_tointeger(L, -3), type, text, n);
    }
    lua_settop(L, top);
    return sent;
}

/* Called again for the rest of a request's body: nothing is done until it has ended. */
static enum MHD_Result on_request(void *self, struct MHD_Connection *from, const char *path,
                                  const char *method, const char *version, const char *body, size_t *size,
                                  void **state)
{
    static int seen;
    server *s = self;
    (void)version, (void)body;
    if (*state != &seen) {
        *state = &seen;
        return MHD_YES;
    }
    if (*size > 0) {
        *size = 0;
        return MHD_YES;
    }
    if (!is_ours(MHD_lookup_connection_value(from, MHD_HEADER_KIND, "Host"), s->port))
        return refuse(from, MHD_HTTP_FORBIDDEN, "this server answers as localhost and 127.0.0.1 alone\n");
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(from, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
    return ask(s, from, path);
}

static struct MHD_Daemon *listen_on(server *s, int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    s->port = port;
    return MHD_start_daemon(MHD_USE_AUTO, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &address,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
}

/* http.serve(answer, first, last, ready): listens on the first free port of 127.0.0.1, calls ready(port),
 * then answer(path, since) for each page, until SIGINT or SIGTERM. -> false when none of the ports is free */
static int serve(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    int first = (int)luaL_checkinteger(L, 2), last = (int)luaL_checkinteger(L, 3);
    server s = {.L = L};
    struct MHD_Daemon *daemon = NULL;
    for (int port = first; !daemon && port <= last; port++)
        daemon = listen_on(&s, port);
    if (!daemon) {
        lua_pushboolean(L, 0);
        return 1;
    }
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    lua_pushvalue(L, 4);
    lua_pushinteger(L, s.port);
    int status = lua_pcall(L, 1, 0, 0);
    while (status == LUA_OK && !ending)
        MHD_run_wait(daemon, ROUND_MS);
    MHD_stop_daemon(daemon);
    if (status != LUA_OK)
        return lua_error(L);
    lua_pushboolean(L, 1);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_assay_http(lua_State *L);

int luaopen_assay_http(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, serve);
    lua_setfield(L, -2, "serve");
    return 1;
}
