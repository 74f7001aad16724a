/* A smooth bone and its caps on cubes, by their share of each cube.
 *
 * The solid is the one that tetrahedra fill (tet_domain.h), so voxels and tetrahedra discretise the
 * same problem. The modulus of an element is that of its bone times the bone's share of the volume,
 * and PMMA's times its share. Of the bone the mean of the law's modulus (mapping V3), or the
 * modulus of its mean density (V2); a convex law gives V3 >= V2. What is loaded is defined in
 * millimetres and does not change with the size of the elements: a cap covers the outermost surface
 * of the bone within intrusion_mm of its extreme.
 *
 * An element that is less than half full carries load but is not judged (fea/failure.h): its strain
 * is that of a neighbour, continued outwards.
 */
#ifndef QCT_FEA_OUTLINE_H
#define QCT_FEA_OUTLINE_H

#include "fea/femur_model.h"
#include "fea/tet_mesh.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Fill modulus, density (mean over the bone in it), part and share of f->model from f->domain.
 * Elements that hold any bone are FEA_BONE. Midpoints of each element are sampled: at least four
 * along an axis where the surface or the cut passes, elsewhere no further apart than the finest
 * spacing of the scan.
 * @return ST_DOMAIN when the density has no data in the bone or the mapping is V1; ST_MEMORY
 */
status fea_outline_fill(struct femur_model *f, const struct volume *density,
                        const struct femur_model_options *options);

/**
 * Add PMMA between the surface and a flat face. Elements more than half bone stay FEA_BONE.
 * @param cap   axis, side, depths and modulus; face_mm and contact_mm2 (projected on the face) are
 *              set; face_mm is the node plane nearest to the wanted place
 * @param[out] face  that node plane
 * @return ST_DOMAIN when less than one element lies in or out of the bone, nothing touches, or the
 *         grid has no room; ST_MEMORY
 */
status fea_outline_cap(struct femur_model *f, struct tet_cap *cap, int64_t *face);

#ifdef __cplusplus
}
#endif
#endif
