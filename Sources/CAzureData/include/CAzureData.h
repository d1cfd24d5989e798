/// The tables of `Sources/Azure/Data` as bytes, so that the executable is one file.
#ifndef PORTCULLIS_CAZUREDATA_H
#define PORTCULLIS_CAZUREDATA_H
#include <stddef.h>

extern const unsigned char portcullis_azure_kinds[];
extern const size_t portcullis_azure_kinds_length;
#endif
