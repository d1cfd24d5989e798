/// The tables of `Sources/Azure/Data` as bytes, so that the executable is one file.
#ifndef PORTCULLIS_CAZUREDATA_H
#define PORTCULLIS_CAZUREDATA_H
#include <stddef.h>

/// The bytes of one embedded file; they live as long as the process.
struct portcullis_azure_table {
    const unsigned char *bytes;
    size_t length;
};

extern const struct portcullis_azure_table portcullis_azure_kinds;
extern const struct portcullis_azure_table portcullis_azure_facets;
extern const struct portcullis_azure_table portcullis_azure_deltas;
extern const struct portcullis_azure_table portcullis_azure_regions;
extern const struct portcullis_azure_table portcullis_azure_sizes;
extern const struct portcullis_azure_table portcullis_azure_defaults;
extern const struct portcullis_azure_table portcullis_azure_replicas;
extern const struct portcullis_azure_table portcullis_azure_roles;
extern const struct portcullis_azure_table portcullis_azure_skus;
extern const struct portcullis_azure_table portcullis_azure_names;
extern const struct portcullis_azure_table portcullis_azure_armfields;
extern const struct portcullis_azure_table portcullis_azure_aliases;
extern const struct portcullis_azure_table portcullis_azure_terraform;
extern const struct portcullis_azure_table portcullis_azure_attributes;
#endif
