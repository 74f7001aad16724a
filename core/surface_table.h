/* The 256 cases of marching cubes, derived at run time instead of being typed in.
 *
 * A cell has corner c = x + 2y + 4z and edge e = 4*axis + u + 2v, where (u, v) are the coordinates
 * of the edge on the other two axes in rising order (edge 5 = axis y, x = 1, z = 0). Each face of
 * the cell is cut by directed segments that keep the inside on one hand; a face with four crossings
 * is cut so that its two inside corners are separated, a rule that looks at nothing but the face,
 * so two cells that share the face agree and the surface has no hole. The segments chain into
 * loops; a loop is triangulated with the longest diagonals that do not lie in a face of the cell,
 * which is what the IBSI mesh volumes need.
 * Source: lorensen1987 (the method); the table is derived.
 */
#ifndef QCT_CORE_SURFACE_TABLE_H
#define QCT_CORE_SURFACE_TABLE_H

#ifdef __cplusplus
extern "C" {
#endif

enum { SURFACE_CELL_TRIANGLES = 10 };

struct surface_case {
  signed char count;                             /* triangles, 0..SURFACE_CELL_TRIANGLES */
  signed char edges[3 * SURFACE_CELL_TRIANGLES]; /* counter-clockwise from outside, index space */
};

/** Case of a corner pattern (bit c set: corner c is inside), for patterns 0..255. */
void surface_case_make(struct surface_case *out, int pattern);
/** The loops of edges around the inside corners; @return how many (at most 4). */
int surface_case_loops(int loops[4][12], int lengths[4], int pattern);
/** Append the triangles of one loop of n edges. */
void surface_loop_triangulate(struct surface_case *out, const int *loop, int n);
/** The two corners of an edge. */
void surface_edge_corners(int edge, int *low, int *high);

#ifdef __cplusplus
}
#endif
#endif
