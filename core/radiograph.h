/* A plain radiograph as a volume of one slice: a DICOM image of one frame (CR, DX, or any other
 * single picture), or a grey PNG of 8 or 16 bits.
 *
 * Values are the stored ones after the rescale of the header; MONOCHROME1 is turned round, so that
 * more absorption is larger in both kinds (a PNG is taken as bright = dense). The picture is laid
 * into the frontal plane of LPS: x to the patient's left, y downwards; where a radiograph lies in
 * the patient is not known.
 */
#ifndef QCT_CORE_RADIOGRAPH_H
#define QCT_CORE_RADIOGRAPH_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @param pixel_mm  edge of a pixel; NaN: what the file states (PixelSpacing, ImagerPixelSpacing,
 * the pHYs chunk of a PNG)
 * @return ST_DOMAIN: no pixel size stated or given; a CT or several frames; above PICTURE_PIXELS;
 * ST_FORMAT: colour, cut short, or not an image; ST_EXTERNAL: it cannot be decoded
 */
status radiograph_read(struct volume **out, const char *path, double pixel_mm);

#ifdef __cplusplus
}
#endif
#endif
