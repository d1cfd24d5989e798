/// simdjson behind a C face: the oracle of the differential test.
#ifndef PORTCULLIS_CSIMDJSON_H
#define PORTCULLIS_CSIMDJSON_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// How many readable bytes must follow a text.
size_t csimdjson_padding(void);

/// Parses a text; 0 or simdjson's error code. `digest` tells values apart: see `Digest` in Swift, which makes the same.
int csimdjson_parse(const uint8_t *text, size_t length, uint64_t *digest);

/// Parses a text and reads nothing; 0 or simdjson's error code.
int csimdjson_validate(const uint8_t *text, size_t length);

/// simdjson's name for an error code.
const char *csimdjson_error(int code);

/// simdjson's code for a number that it cannot hold.
int csimdjson_number_error(void);

#ifdef __cplusplus
}
#endif
#endif
