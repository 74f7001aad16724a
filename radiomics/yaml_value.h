/* Values of a YAML document, with messages that name file, line and key. Private to this folder. */
#ifndef QCT_RADIOMICS_YAML_VALUE_H
#define QCT_RADIOMICS_YAML_VALUE_H

#include "core/status.h"

#include <stdbool.h>

/* yaml_document_t and yaml_node_t; <yaml.h> stays in the .c files */
struct yaml_document_s;
struct yaml_node_s;

struct rad_yaml {
  struct yaml_document_s *document;
  const char *name; /* of the file, for messages */
};

struct yaml_node_s *rad_yaml_node(const struct rad_yaml *y, int id);
/** The text of a scalar, NULL for anything else. */
const char *rad_yaml_scalar(const struct yaml_node_s *n);
/** Line in the file, from 1. */
int rad_yaml_line(const struct yaml_node_s *n);
/** Index of a word in a list that ends in NULL; -1 when it is not there, or NULL. */
int rad_yaml_find(const char *word, const char *const *known);
/** Nothing, null, None or ~. */
bool rad_yaml_is_null(const char *t);

/** @return ST_FORMAT always: the key is not among the known ones, and which it may have meant */
status rad_yaml_unknown(const struct rad_yaml *y, const struct yaml_node_s *key,
                        const char *section, const char *const *known);
/* Each: @return ST_FORMAT when the value is none of that kind */
status rad_yaml_number(double *out, const struct rad_yaml *y, const struct yaml_node_s *key,
                       const struct yaml_node_s *value);
/** A number that was read, as a whole one of low to high. */
status rad_yaml_whole(int *out, int low, int high, const struct rad_yaml *y,
                      const struct yaml_node_s *key, double v);
status rad_yaml_flag(bool *out, const struct rad_yaml *y, const struct yaml_node_s *key,
                     const struct yaml_node_s *value);
/** A number or a list of at most `most`; none for null. */
status rad_yaml_numbers(double *out, int most, int *count, const struct rad_yaml *y,
                        const struct yaml_node_s *key, const struct yaml_node_s *value);

#endif
