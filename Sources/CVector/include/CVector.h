/// What Swift's SIMD types cannot say: which of a vector's bytes pass a test, as the bits of an integer.
///
/// Vectors come by value, so nothing here reads memory. It is written in the vectors of clang, which makes of it SSE2 on
/// x86-64 and NEON on arm64.
#ifndef PORTCULLIS_CVECTOR_H
#define PORTCULLIS_CVECTOR_H
#include <stdint.h>

typedef uint8_t cvector_bytes __attribute__((ext_vector_type(16)));

typedef signed char cvector_signed __attribute__((ext_vector_type(16)));
typedef _Bool cvector_flags __attribute__((ext_vector_type(16)));

/// The bits of the bytes that are not zero, of which all bits are set then.
static inline uint32_t cvector_mask(cvector_signed bytes) {
    cvector_flags flags = __builtin_convertvector(bytes, cvector_flags);
    uint16_t mask;
    __builtin_memcpy(&mask, &flags, sizeof mask);
    return mask;
}

/// The bits of the bytes that are this one.
static inline uint32_t cvector_equal(cvector_bytes bytes, uint8_t byte) {
    return cvector_mask((cvector_signed)(bytes == (cvector_bytes)byte));
}

/// The bits of the bytes that are no printable ASCII, DEL apart: below 0x20, or from 0x80 on.
static inline uint32_t cvector_unprintable(cvector_bytes bytes) {
    // From 0x80 on they are negative.
    return cvector_mask((cvector_signed)((cvector_signed)bytes < (cvector_signed)0x20));
}

/// The bits of the bytes at which a JSON string is more than printable ASCII: those and quotes and backslashes.
static inline uint32_t cvector_special(cvector_bytes bytes) {
    return cvector_mask(
        (cvector_signed)(bytes == (cvector_bytes)'"') | (cvector_signed)(bytes == (cvector_bytes)'\\') |
        (cvector_signed)((cvector_signed)bytes < (cvector_signed)0x20)
    );
}

#endif
