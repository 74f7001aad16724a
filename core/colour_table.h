/* Colours of labels, the same in every file that has them, and the colour table of 3D Slicer.
 *
 * A line a label: value, name without blanks, red, green, blue, opacity, 0 to 255; '#' starts a
 * remark. Value 0 is the background, invisible. Named labels have the colours they have in a
 * .seg.nrrd; those in the map without a name follow and are called label_VALUE.
 */
#ifndef QCT_CORE_COLOUR_TABLE_H
#define QCT_CORE_COLOUR_TABLE_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Colour of the label at a place in the list of names, each 0..1. */
void colour_of_label(double rgb[3], size_t place);

/** @param path .ctbl or .txt; @return ST_DOMAIN for a map without labels and names; ST_USAGE when
 * there is a file and !force; ST_IO; ST_MEMORY */
status colour_table_write(const struct labels *l, const char *path, bool force);

#ifdef __cplusplus
}
#endif
#endif
