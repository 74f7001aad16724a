/* DICOM CT through ITK's GDCM: what is in a folder, one series as a volume, writing a series.
 *
 * We check what GDCM does not: positions, orientation, spacing, tilt, sizes, modality, rescale. The
 * order and the spacing of slices come from ImagePositionPatient projected on the slice normal,
 * never from file names, instance numbers or thickness tags. Padding becomes no data: stored values
 * equal to PixelPaddingValue (where that lies below -1000 HU; a header that calls tissue padding is
 * not believed), and values of -1500 HU and below (-2000, -2048, -3024 outside the reconstruction
 * circle; noise and metal streaks do not reach that far).
 * Patient name, identifier and dates stay in the files.
 */
#ifndef QCT_CORE_ITK_DICOM_H
#define QCT_CORE_ITK_DICOM_H

#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is wrong with a series. Bits of dicom_series.problems. */
enum dicom_problem {
  DICOM_MISSING_SLICE = 1 << 0,      /* one or more gaps of a multiple of the spacing */
  DICOM_DUPLICATE_POSITION = 1 << 1, /* two slices at one position */
  DICOM_UNEVEN_SPACING = 1 << 2,
  DICOM_TILT = 1 << 3,      /* slice normal not along the stacking direction */
  DICOM_TRUNCATED = 1 << 4, /* pixel data shorter than rows x columns x frames */
  DICOM_NOT_CT = 1 << 5,
  DICOM_NO_RESCALE = 1 << 6,
  DICOM_MIXED_ORIENTATION = 1 << 7,
  DICOM_MIXED_SIZE = 1 << 8, /* rows, columns or pixel spacing differ between slices */
  DICOM_MULTIFRAME = 1 << 9, /* enhanced multi-frame whose geometry could not be established */
  DICOM_SINGLE_SLICE = 1 << 10,
  DICOM_NOT_AXIAL = 1 << 11,   /* coronal or sagittal reformat */
  DICOM_LOSSY = 1 << 12,       /* a warning, not a refusal */
  DICOM_UNDECODABLE = 1 << 13, /* transfer syntax or pixel data GDCM cannot decode */
  DICOM_NO_GEOMETRY = 1 << 14, /* position, orientation or pixel spacing is not stated */
  DICOM_LOCALIZER = 1 << 15,   /* a projection image (scout), no volume */
  DICOM_MIXED_SCAN = 1 << 16   /* tube voltage or kernel differ between slices */
};

/* Those that dicom_series_read lets pass: they are said, not refused. */
#define DICOM_WARNINGS (DICOM_LOSSY | DICOM_SINGLE_SLICE | DICOM_NOT_AXIAL)

struct dicom_series {
  char uid[68];
  char description[68]; /* SeriesDescription may hold a name: shown on request only */
  char transfer_syntax[68];
  struct acquisition acquisition;
  struct geometry grid; /* as it would be read; spacing[2] from positions, 0 when not established */
  int files;
  unsigned problems;      /* bits of enum dicom_problem */
  char problem_text[512]; /* each problem in words with numbers: "slice 12 missing: gap of 10 mm at
                             z = ..." */
  char **paths;           /* owned, in slice order; a multi-frame file once */
  struct dicom_slice *slices; /* owned, private to core, in slice order */
  int slice_count;            /* slices that the grid is made of */
};

struct dicom_folder {
  struct dicom_series *series; /* owned, sorted by UID */
  size_t count;
  int unreadable;            /* files that are no DICOM image */
  char unreadable_text[256]; /* the first of them and why, without a path */
  int damaged;               /* those of them that begin as DICOM and are cut short or malformed */
  char damaged_text[256];
};

/** Look at every file of a folder (recursively) or at one file; reads headers only. */
status dicom_folder_scan(struct dicom_folder **out, const char *path);
void dicom_folder_destroy(struct dicom_folder *f);

/** The obvious axial CT: the one with most slices among the usable ones; NULL and `why` when none.
 *  `uid` NULL, a full or unique partial UID, or "#2" for the second of the list. */
const struct dicom_series *dicom_folder_choose(const struct dicom_folder *f, const char *uid,
                                               char why[512]);

struct dicom_read_options {
  bool shear_correct; /* tilted gantry: resample to an orthogonal grid instead of refusing */
  bool allow_gaps; /* uneven spacing or missing slices: resample linearly to the median spacing; the
                      interpolated slices are counted in a warning */
};

/**
 * Read a series as HU. Decodes frames in slice order on several threads into one buffer; no second
 * copy.
 * @return ST_DOMAIN for each problem that is not allowed by the options, in the words of
 * problem_text
 */
status dicom_series_read(struct volume **out, const struct dicom_series *series,
                         const struct dicom_read_options *options);

/* What the writer needs beyond the volume; texts may be "". All UIDs derive from `seed`. */
struct dicom_write_options {
  uint64_t seed;
  const char *patient_name, *patient_id,
      *birth_date;                     /* planted identifiers for tests; default "" */
  const char *study_date, *study_time; /* default "20200101", "120000" */
  const char *study_description, *series_description;
  int padding; /* value written for no data; -1024 by default */
  bool reverse_instance_numbers;
};
#define DICOM_WRITE_DEFAULTS                                                                       \
  { .seed = 1, .padding = -1024 }

/** Name of one problem bit in words ("missing slice"); never NULL. */
const char *dicom_problem_name(enum dicom_problem bit);

/** Write one file a slice (IM0001.dcm ...) into a folder made for it; explicit little endian,
 * int16, slope 1, intercept 0 or -1024. Every date, time and UID is fixed, so bytes are
 * reproducible. */
status dicom_series_write(const struct volume *v, const char *folder,
                          const struct dicom_write_options *options, bool force);

#ifdef __cplusplus
}
#endif
#endif
