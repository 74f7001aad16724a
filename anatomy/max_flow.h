/* Minimum cut of a directed graph between a source and a sink, for segmentation.
 *
 * Two search trees grow from the terminals and are kept between augmentations, which suits graphs
 * of short paths such as voxel grids. Capacities are integers, so the result is exact and does not
 * depend on rounding; scale real costs before. Terminal links of a node are given as a pair and
 * folded into one residual.
 *
 *   max_flow_create -> max_flow_terminal, max_flow_edge ... -> max_flow_solve -> max_flow_on_source
 *
 * Source: boykov2004 (section 3, with the distance and time marks of its implementation remarks)
 */
#ifndef QCT_ANATOMY_MAX_FLOW_H
#define QCT_ANATOMY_MAX_FLOW_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct max_flow;

/**
 * @param nodes  number of nodes, 0..nodes-1, terminals not counted
 * @param edges  most calls of max_flow_edge to come
 * @return ST_MEMORY; ST_DOMAIN when nodes < 1 or 2 * edges does not fit 31 bits
 */
status max_flow_create(struct max_flow **out, int32_t nodes, int64_t edges);
void max_flow_destroy(struct max_flow *g);

/** Add capacities source -> node and node -> sink, each >= 0. May be called again: they add up. */
void max_flow_terminal(struct max_flow *g, int32_t node, int32_t from_source, int32_t to_sink);
/** Add an edge p -> q of capacity `forward` and q -> p of `backward`, each >= 0. p != q. At most
 * `edges` calls. */
void max_flow_edge(struct max_flow *g, int32_t p, int32_t q, int32_t forward, int32_t backward);

/** Capacity of the minimum cut. Call once. */
int64_t max_flow_solve(struct max_flow *g);
/** After solving: is the node on the source side of the cut with the smallest source side? */
bool max_flow_on_source(const struct max_flow *g, int32_t node);

#ifdef __cplusplus
}
#endif
#endif
