/// libyaml: YAML 1.1 events with their positions.
#ifndef PORTCULLIS_CYAML_H
#define PORTCULLIS_CYAML_H
#include <yaml.h>
#endif
