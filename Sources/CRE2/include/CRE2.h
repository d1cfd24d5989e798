/// RE2 behind a C face: linear time whatever the pattern.
#ifndef PORTCULLIS_CRE2_H
#define PORTCULLIS_CRE2_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
typedef struct portcullis_re2 portcullis_re2;

/// Compiles a pattern (UTF-8, RE2 syntax) within a memory budget in bytes; never returns NULL.
portcullis_re2 *portcullis_re2_compile(const char *pattern, size_t length, int64_t maximum_memory);
/// The compile error (UTF-8, not NUL-terminated) or NULL if the pattern compiled; `length` receives its bytes.
const char *portcullis_re2_error(const portcullis_re2 *expression, size_t *length);
/// Whether the expression matches anywhere in the text (`full`: the whole of it).
bool portcullis_re2_matches(const portcullis_re2 *expression, const char *text, size_t length, bool full);
/// How many capturing groups the expression has.
int portcullis_re2_groups(const portcullis_re2 *expression);
/// Finds the first match at or after `start`, taking what lies before for its context. `spans` receives pairs of offsets into
/// the text, the whole match first and then its groups, `count` pairs in all; -1 where a group took no part.
bool portcullis_re2_find(const portcullis_re2 *expression, const char *text, size_t length, size_t start, int64_t *spans,
                         int count);
void portcullis_re2_free(portcullis_re2 *expression);
#ifdef __cplusplus
}
#endif
#endif
