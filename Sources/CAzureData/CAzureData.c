#include "CAzureData.h"

const unsigned char portcullis_azure_kinds[] = {
#embed "../Azure/Data/kinds.tsv"
};
const size_t portcullis_azure_kinds_length = sizeof portcullis_azure_kinds;
