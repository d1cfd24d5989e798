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
void portcullis_re2_free(portcullis_re2 *expression);
#ifdef __cplusplus
}
#endif
#endif
