/* Inner contract of the mesh readers: a text that is walked with line numbers, growing lists, and a
 * mesh made from nodes and elements with numbers of their own. */
#ifndef QCT_FEA_IMPORT_PARTS_H
#define QCT_FEA_IMPORT_PARTS_H

#include "fea/mesh_file.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fea_reader {
  const char *name; /* of the file, for messages */
  char *data;       /* owned */
  size_t length;
  const char *at;
  int64_t line; /* of `at`, from 1 */
};
status fea_reader_open(struct fea_reader *r, const char *path);
void fea_reader_close(struct fea_reader *r);
/** The next number or integer, blanks, line ends and (if comma) commas before it skipped.
 * @return ST_FORMAT with the line and `what` when the file ends or something else stands there */
status fea_reader_number(double *out, struct fea_reader *r, bool comma, const char *what);
status fea_reader_integer(int64_t *out, struct fea_reader *r, bool comma, const char *what);
/** To the start of the next line; false at the end. */
bool fea_reader_next_line(struct fea_reader *r);

/* Nodes and elements as they come. */
struct fea_mesh_draft {
  double *point;    /* [nodes][3] */
  int64_t *node_id; /* [nodes] */
  int64_t *element; /* [elements][1 + per]: number, then node numbers in VTK's order */
  uint8_t *part;    /* [elements] */
  int64_t nodes, elements, node_capacity, element_capacity;
  int kind; /* enum fea_element, -1 before the first */
};
void fea_mesh_draft_clear(struct fea_mesh_draft *d);
status fea_mesh_draft_node(struct fea_mesh_draft *d, int64_t id, const double point[3]);
/** @return ST_DOMAIN when the kind is another than before */
status fea_mesh_draft_element(struct fea_mesh_draft *d, enum fea_element kind, int64_t id,
                              const int64_t *node_ids, enum fea_part part, const char *name);
/** @return ST_FORMAT for a node number that is not there or stands twice; ST_DOMAIN without solids
 */
status fea_mesh_draft_finish(struct fea_mesh **out, struct fea_mesh_numbers *numbers,
                             struct fea_mesh_draft *d, const char *name);

#ifdef __cplusplus
}
#endif
#endif
