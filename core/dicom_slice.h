/* One slice of a DICOM series as its header describes it, and the two calls behind which GDCM
 * works, in the module qct_dicom that is opened on first use. core/module_dicom.cc fills slices,
 * core/dicom_geometry.c judges them, core/dicom_series.c groups them, core/dicom_read.c turns them
 * into a volume. Private to core's DICOM files.
 *
 * Positions and directions are LPS in mm, as DICOM has them.
 */
#ifndef QCT_CORE_DICOM_SLICE_H
#define QCT_CORE_DICOM_SLICE_H

#include "core/deidentify.h"
#include "core/itk_dicom.h"
#include "core/rtstruct.h"

#ifdef __cplusplus
extern "C" {
#endif

struct dicom_slice {
  char *path;   /* owned */
  int frame;    /* 0.. of the file's frames */
  int frames;   /* in the file */
  char uid[68]; /* SOPInstanceUID */
  int rows, columns;
  int bits_allocated, bits_stored, high_bit;
  bool is_signed;
  bool inverted;           /* MONOCHROME1: low values are shown bright */
  struct vec3 position;    /* centre of the first pixel */
  struct vec3 row, column; /* direction of increasing column, of increasing row index */
  bool has_position, has_orientation;
  double spacing_x, spacing_y; /* between columns, between rows; NaN when not stated */
  double slope, intercept;
  bool has_rescale;
  char rescale_type[20]; /* "", "HU", "US", ... */
  bool has_padding;
  int padding, padding_limit; /* stored values, inclusive range */
  double thickness_mm;        /* as stated; NaN */
  double tilt_tag_deg;        /* as stated; NaN */
  bool localizer;             /* a projection image */
  int64_t pixel_offset;       /* of the file's pixel data when they are plain bytes, else -1 */
  bool big_endian;            /* of plain bytes */
  int64_t pixel_bytes;        /* found in the file; -1 unknown (compressed) */
  bool cut;                   /* compressed data without their end */
};

/* What one file says. */
struct dicom_file {
  struct dicom_slice *slices; /* owned, one per frame */
  int count;
  char series_uid[68];
  char description[68];
  char transfer_syntax[68];
  struct acquisition acquisition;
  int samples;            /* per pixel */
  bool decodable, lossy;  /* by transfer syntax and by the lossy flag */
  bool functional_groups; /* enhanced: geometry per frame was looked for there */
};

void dicom_file_free(struct dicom_file *f);

/* What the module hands out under the symbol dicom_module; core/dicom_gate.c makes the functions
 * below from it. GDCM stays out of the program itself because its dictionaries, made when the
 * library is loaded, would double the start of every command. */
struct dicom_module {
  status (*header)(struct dicom_file *out, const char *path);
  status (*decode)(void *buffer, size_t bytes, const struct dicom_slice *slice);
  status (*deidentify)(enum deidentify_outcome *outcome, struct deidentify_result *result,
                       struct deidentify_counts *counts, const char *path, const char *path_out,
                       const struct deidentify_options *o); /* as deidentify_file */
  bool (*rtstruct_is)(const char *path);
  status (*rtstruct_read)(struct roi_set **out, const char *path);
  const char *(*message)(void); /* of the module's last failure in this thread */
};

/** Header of one file, without its pixel data. @return ST_FORMAT when it is no DICOM image, with a
 * reason that names neither path nor person */
status dicom_file_header(struct dicom_file *out, const char *path);

/** Decode all frames of a file into `buffer` (`bytes` = frames x rows x columns x
 * bits_allocated/8), in this machine's byte order. Safe to call from several threads.
 * @return ST_EXTERNAL when GDCM cannot decode it, ST_FORMAT when it decodes to another size */
status dicom_file_decode(void *buffer, size_t bytes, const struct dicom_slice *slice);

/** One frame of run lengths (PS3.5 annex G) as `pixels` samples of `width` bytes, little endian.
 * @return ST_FORMAT where the data contradict themselves or hold fewer samples */
status dicom_rle_decode(unsigned char *out, size_t pixels, int width, const unsigned char *data,
                        size_t length);

/** The values of a file of one frame after the rescale of its header, nothing taken for padding.
 * @return ST_FORMAT when the pixel data are cut short, and as dicom_file_decode */
status dicom_slice_values(float *out, const struct dicom_slice *slice);

/** For core/module_dicom.cc: what dicom_file_decode asks of the module; exceptions of GDCM pass. */
status dicom_pixels_decode(void *buffer, size_t bytes, const struct dicom_slice *slice);

/** Sort the slices of a series along their normal, drop exact copies (same SOPInstanceUID), set
 * grid, problems and problem_text. */
void dicom_series_judge(struct dicom_series *s);

/** Set a problem bit and add its words to problem_text; a bit that is set already stays as it is.
 */
void dicom_series_problem(struct dicom_series *s, unsigned bit, const char *fmt, ...)
    QCT_PRINTF(3, 4);

/* Tolerances of dicom_series_judge. */
#define DICOM_ANGLE_TOLERANCE_DEG 0.1 /* between orientations; between normal and stacking */
#define DICOM_STEP_TOLERANCE 0.02     /* of the median step ... */
#define DICOM_STEP_TOLERANCE_MM 0.02  /* ... or this, whichever is more: rounding of positions */
#define DICOM_SAME_POSITION_MM 1e-3   /* closer than this is the same position */
#define DICOM_SIDE_TOLERANCE_MM 0.1   /* sideways shift of a slice from the straight stack */

#ifdef __cplusplus
}
#endif
#endif
