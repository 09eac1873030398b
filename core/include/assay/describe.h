/* How a plugin says what it is: parameter tables, AS_PLUGIN, AS_MODULE. Included by plugin.h. */
#ifndef ASSAY_DESCRIBE_H
#define ASSAY_DESCRIBE_H

#define AS_ABI_MAJOR 1
#ifndef AS_MINOR
#define AS_MINOR 0 /* what this file may use; define it above the include to use calls of a later minor */
#endif

#include <assay/types.h>

#ifdef __cplusplus /* a table names what it sets, the rest is zero; g++ warns of that where gcc does not */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif

/* ---- parameter tables ---- */

/* A field of another type than the entry's does not compile. */
#ifdef __cplusplus
template <class F, class T> static constexpr size_t as_checked_offset(F T::*, size_t offset)
{
    return offset;
}
#define AS_OFFSET(T, field, type) as_checked_offset<type, T>(&T::field, offsetof(T, field))
#else
#define AS_OFFSET(T, field, type) (_Generic(((T *)0)->field, type : offsetof(T, field)))
#endif

/* A real number in the closed range [low, high]; the ends must be literals. .unit and .log may follow the
 * doc. */
#define AS_REAL(T, field, value_, low, high, ...)                                                            \
    AS_REAL_IN(T, field, value_, "[" #low ", " #high "]", __VA_ARGS__)
/* A real number in a range with open or closed ends: "(0, inf)". */
#define AS_REAL_IN(T, field, value_, range_, ...)                                                            \
    {                                                                                                        \
        .type = AS_PARAM_REAL, .name = #field, .offset = AS_OFFSET(T, field, double),                        \
        .value = (double)(value_), .range = range_, .doc = __VA_ARGS__                                       \
    }
#define AS_INT(T, field, value_, low, high, ...)                                                             \
    {                                                                                                        \
        .type = AS_PARAM_INT, .name = #field, .offset = AS_OFFSET(T, field, int), .value = (double)(value_), \
        .range = "[" #low ", " #high "]", .doc = __VA_ARGS__                                                 \
    }
#define AS_BOOL(T, field, value_, ...)                                                                       \
    {                                                                                                        \
        .type = AS_PARAM_BOOL, .name = #field, .offset = AS_OFFSET(T, field, bool),                          \
        .value = (double)(value_), .doc = __VA_ARGS__                                                        \
    }
/* One of "a|b|c"; the field is an int, the place of the word. */
#define AS_CHOICE(T, field, value_, words, ...)                                                              \
    {                                                                                                        \
        .type = AS_PARAM_CHOICE, .name = #field, .offset = AS_OFFSET(T, field, int), .text = value_,         \
        .range = words, .doc = __VA_ARGS__                                                                   \
    }
#define AS_STRING(T, field, value_, ...)                                                                     \
    {                                                                                                        \
        .type = AS_PARAM_STRING, .name = #field, .offset = AS_OFFSET(T, field, const char *),                \
        .text = value_, .doc = __VA_ARGS__                                                                   \
    }
/* Numbers in a list, the default written as text: AS_REALS(T, field, "0.5, 1", "(0, inf)", doc); the field is
 * an as_reals or as_ints. The range holds for each. */
#define AS_REALS(T, field, value_, range_, ...)                                                              \
    {                                                                                                        \
        .type = AS_PARAM_REALS, .name = #field, .offset = AS_OFFSET(T, field, as_reals), .text = value_,     \
        .range = range_, .doc = __VA_ARGS__                                                                  \
    }
#define AS_INTS(T, field, value_, range_, ...)                                                               \
    {                                                                                                        \
        .type = AS_PARAM_INTS, .name = #field, .offset = AS_OFFSET(T, field, as_ints), .text = value_,       \
        .range = range_, .doc = __VA_ARGS__                                                                  \
    }
/* A tensor of a type as in signatures, "f32[C]", whose letters are the signature's: C is the same in every
 * call; NULL when it is not given. What is large, or differs from call to call, is an input instead. */
#define AS_TENSOR(T, field, type_, ...)                                                                      \
    {                                                                                                        \
        .type = AS_PARAM_TENSOR, .name = #field, .offset = AS_OFFSET(T, field, as_t), .range = type_,        \
        .doc = __VA_ARGS__                                                                                   \
    }
#define AS_END                                                                                               \
    {                                                                                                        \
        .type = AS_PARAM_END                                                                                 \
    }

/* ---- the module ---- */

#ifndef AS_SOURCE_HASH
#define AS_SOURCE_HASH ""
#endif

#if defined(__SANITIZE_ADDRESS__)
#define AS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define AS_SANITIZER 2
#else
#define AS_SANITIZER 0
#endif

/* ABI and sanitizer in an ELF note, which the host reads before it loads the file: constructors run at load.
 */
#define AS_NOTE_TYPE 0x41530001u
#define AS_NOTE                                                                                              \
    __attribute__((used, section(".note.assay"), aligned(4))) static const struct {                          \
        uint32_t name_size, text_size, type;                                                                 \
        char name[8];                                                                                        \
        uint32_t abi_major, abi_minor, sanitizer;                                                            \
    } as_note = {6, 12, AS_NOTE_TYPE, "Assay", AS_ABI_MAJOR, AS_MINOR, AS_SANITIZER};

#ifdef __cplusplus
#define AS_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define AS_EXPORT __attribute__((visibility("default")))
#endif

/* Several plugins in one file: AS_DEFINE(a, ...) each, then AS_MODULE(&a, &b). */
#define AS_DEFINE(id, ...)                                                                                   \
    static const as_plugin id = {.size = sizeof(as_plugin), .source_hash = AS_SOURCE_HASH, __VA_ARGS__}
#define AS_MODULE(...)                                                                                       \
    AS_NOTE                                                                                                  \
    static const as_plugin *const as_module_list[] = {__VA_ARGS__};                                          \
    AS_EXPORT const as_module assay_plugin;                                                                  \
    const as_module assay_plugin = {AS_ABI_MAJOR, AS_MINOR, sizeof(as_plugin),                               \
                                    sizeof as_module_list / sizeof *as_module_list, as_module_list}
#define AS_PLUGIN(...)                                                                                       \
    AS_DEFINE(as_the_plugin, __VA_ARGS__);                                                                   \
    AS_MODULE(&as_the_plugin)

#endif
