#include "CAzureData.h"

// #embed is C23; clang offers it in every mode and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define TABLE(name) {name##_bytes, sizeof name##_bytes}

static const unsigned char kinds_bytes[] = {
#embed "../Azure/Data/kinds.tsv"
};
static const unsigned char facets_bytes[] = {
#embed "../Azure/Data/facets.tsv"
};
static const unsigned char deltas_bytes[] = {
#embed "../Azure/Data/deltas.tsv"
};
static const unsigned char regions_bytes[] = {
#embed "../Azure/Data/regions.tsv"
};
static const unsigned char sizes_bytes[] = {
#embed "../Azure/Data/sizes.tsv"
};
static const unsigned char defaults_bytes[] = {
#embed "../Azure/Data/defaults.tsv"
};
static const unsigned char replicas_bytes[] = {
#embed "../Azure/Data/replicas.tsv"
};
static const unsigned char roles_bytes[] = {
#embed "../Azure/Data/roles.tsv"
};
static const unsigned char skus_bytes[] = {
#embed "../Azure/Data/skus.tsv"
};
static const unsigned char names_bytes[] = {
#embed "../Azure/Data/names.tsv"
};
static const unsigned char armfields_bytes[] = {
#embed "../Azure/Data/armfields.tsv"
};
static const unsigned char aliases_bytes[] = {
#embed "../Azure/Data/aliases.tsv"
};
static const unsigned char terraform_bytes[] = {
#embed "../Azure/Data/terraform.tsv"
};
static const unsigned char attributes_bytes[] = {
#embed "../Azure/Data/attributes.tsv"
};

const struct portcullis_azure_table portcullis_azure_kinds = TABLE(kinds);
const struct portcullis_azure_table portcullis_azure_facets = TABLE(facets);
const struct portcullis_azure_table portcullis_azure_deltas = TABLE(deltas);
const struct portcullis_azure_table portcullis_azure_regions = TABLE(regions);
const struct portcullis_azure_table portcullis_azure_sizes = TABLE(sizes);
const struct portcullis_azure_table portcullis_azure_defaults = TABLE(defaults);
const struct portcullis_azure_table portcullis_azure_replicas = TABLE(replicas);
const struct portcullis_azure_table portcullis_azure_roles = TABLE(roles);
const struct portcullis_azure_table portcullis_azure_skus = TABLE(skus);
const struct portcullis_azure_table portcullis_azure_names = TABLE(names);
const struct portcullis_azure_table portcullis_azure_armfields = TABLE(armfields);
const struct portcullis_azure_table portcullis_azure_aliases = TABLE(aliases);
const struct portcullis_azure_table portcullis_azure_terraform = TABLE(terraform);
const struct portcullis_azure_table portcullis_azure_attributes = TABLE(attributes);
