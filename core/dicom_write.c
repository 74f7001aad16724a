/* A CT series as DICOM Part 10 files, explicit little endian. Written byte by byte in plain C:
 * GDCM's writer adds the time of day and fresh UIDs, and bytes here must be the same in every run.
 * Element order and types: DICOM PS3.3 A.3 (CT image), PS3.5 7.1.2 (explicit VR), PS3.10 7.1
 * (meta). */
#define _POSIX_C_SOURCE 200809L
#include "core/dicom_element.h"
#include "core/file.h"
#include "core/itk_dicom.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/text.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char ct_image_storage[] = "1.2.840.10008.5.1.4.1.1.2";

/* ---- one slice ---- */

struct series {
  const struct volume *v;
  const struct dicom_write_options *o;
  char study[64], series[64], frame[64];
  const char *date, *time;
  bool padded; /* some voxel has no data */
};

static void put_identity(struct text *t, const struct series *s, const char *uid) {
  const struct acquisition *a = &s->v->acquisition;
  dicom_put_text(t, 0x00080005, "CS", "ISO_IR 192");
  dicom_put_text(t, 0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL");
  dicom_put_text(t, 0x00080012, "DA", s->date);
  dicom_put_text(t, 0x00080013, "TM", s->time);
  dicom_put_text(t, 0x00080016, "UI", ct_image_storage);
  dicom_put_text(t, 0x00080018, "UI", uid);
  for (uint32_t e = 0x20; e <= 0x23; e++) dicom_put_text(t, 0x00080000 + e, "DA", s->date);
  for (uint32_t e = 0x30; e <= 0x33; e++) dicom_put_text(t, 0x00080000 + e, "TM", s->time);
  dicom_put_text(t, 0x00080050, "SH", "");
  dicom_put_text(t, 0x00080060, "CS", "CT");
  dicom_put_text(t, 0x00080070, "LO", a->manufacturer);
  dicom_put_text(t, 0x00080090, "PN", "");
  dicom_put_text(t, 0x00081010, "SH", a->station);
  dicom_put_text(t, 0x00081030, "LO", s->o->study_description);
  dicom_put_text(t, 0x0008103e, "LO", s->o->series_description);
  dicom_put_text(t, 0x00081090, "LO", a->model);
  dicom_put_text(t, 0x00100010, "PN", s->o->patient_name);
  dicom_put_text(t, 0x00100020, "LO", s->o->patient_id);
  dicom_put_text(t, 0x00100030, "DA", s->o->birth_date);
  dicom_put_text(t, 0x00100040, "CS", a->sex);
  char age[8] = "";
  if (a->age_years >= 0 && a->age_years < 1000)
    snprintf(age, sizeof age, "%03dY", (int)a->age_years);
  dicom_put_text(t, 0x00101010, "AS", age);
  dicom_put_decimal(t, 0x00101020, a->height_m);
  dicom_put_decimal(t, 0x00101030, a->weight_kg);
}

static void put_acquisition(struct text *t, const struct series *s) {
  const struct acquisition *a = &s->v->acquisition;
  const struct geometry *g = &s->v->grid;
  double diameter = a->reconstruction_diameter_mm;
  if (isnan(diameter)) diameter = (double)g->nx * g->spacing[0];
  if (a->contrast != CONTRAST_UNKNOWN)
    dicom_put_text(t, 0x00180010, "LO",
                   a->contrast == CONTRAST_NONE ? "NONE"
                   : a->contrast_agent[0]       ? a->contrast_agent
                                                : "CONTRAST");
  dicom_put_text(t, 0x00180015, "CS", a->body_part);
  dicom_put_decimal(t, 0x00180050,
                    isnan(a->slice_thickness_mm) ? g->spacing[2] : a->slice_thickness_mm);
  dicom_put_decimal(t, 0x00180060, a->kvp);
  dicom_put_decimal(t, 0x00180090, diameter);
  dicom_put_text(t, 0x00181000, "LO", a->serial);
  dicom_put_text(t, 0x00181020, "LO", "qct");
  dicom_put_decimal(t, 0x00181100, diameter);
  dicom_put_decimal(t, 0x00181120, 0);
  dicom_put_decimal(t, 0x00181130, a->table_height_mm);
  dicom_put_text(t, 0x00181140, "CS", "CW");
  dicom_put_integer(t, 0x00181150, NAN);
  dicom_put_integer(t, 0x00181151, a->tube_current_ma);
  dicom_put_integer(t, 0x00181152, a->exposure_mas);
  dicom_put_text(t, 0x00181160, "SH", a->filter);
  dicom_put_text(t, 0x00181210, "SH", a->kernel);
  if (a->gating[0] && strcmp(a->gating, "PHASE") != 0)
    dicom_put_text(t, 0x00189037, "CS", a->gating);
  dicom_put_text(t, 0x00185100, "CS", a->patient_position[0] ? a->patient_position : "HFS");
}

/* Laterality (type 2C) is absent of an unpaired part and empty where it is unknown: PS3.3 C.7.3.1.
 */
static bool is_unpaired(const char *part) {
  static const char *const unpaired[] = {"PELVIS", "ABDOMEN", "CHEST",  "HEART",  "HEAD",
                                         "NECK",   "CSPINE",  "TSPINE", "LSPINE", "SPINE"};
  for (size_t i = 0; i < sizeof unpaired / sizeof *unpaired; i++)
    if (!strcmp(part, unpaired[i])) return true;
  return false;
}

static void put_place(struct text *t, const struct series *s, int64_t k) {
  const struct geometry *g = &s->v->grid;
  struct vec3 p = geometry_to_world(g, vec3_make(0, 0, (double)k));
  struct vec3 row = geometry_axis(g, 0), column = geometry_axis(g, 1), n = vec3_cross(row, column);
  const double position[3] = {p.x, p.y, p.z};
  const double orientation[6] = {row.x, row.y, row.z, column.x, column.y, column.z};
  int64_t number = s->o->reverse_instance_numbers ? g->nz - k : k + 1;
  dicom_put_text(t, 0x0020000d, "UI", s->study);
  dicom_put_text(t, 0x0020000e, "UI", s->series);
  dicom_put_text(t, 0x00200010, "SH", "1");
  dicom_put_integer(t, 0x00200011, 1);
  dicom_put_integer(t, 0x00200012, 1);
  dicom_put_integer(t, 0x00200013, (double)number);
  dicom_put_decimals(t, 0x00200032, position, 3);
  dicom_put_decimals(t, 0x00200037, orientation, 6);
  dicom_put_text(t, 0x00200052, "UI", s->frame);
  const struct acquisition *a = &s->v->acquisition;
  if (!is_unpaired(a->body_part))
    dicom_put_text(t, 0x00200060, "CS", strcmp(a->laterality, "B") ? a->laterality : "");
  dicom_put_text(t, 0x00201040, "LO", "");
  dicom_put_decimal(t, 0x00201041, vec3_dot(p, n));
}

static void put_pixels(struct text *t, const struct series *s, int64_t k, char *pixels) {
  const struct geometry *g = &s->v->grid;
  const double spacing[2] = {g->spacing[1], g->spacing[0]}; /* between rows, between columns */
  int64_t n = g->nx * g->ny;
  dicom_put_short(t, 0x00280002, "US", 1);
  dicom_put_text(t, 0x00280004, "CS", "MONOCHROME2");
  dicom_put_short(t, 0x00280010, "US", (int)g->ny);
  dicom_put_short(t, 0x00280011, "US", (int)g->nx);
  dicom_put_decimals(t, 0x00280030, spacing, 2);
  dicom_put_short(t, 0x00280100, "US", 16);
  dicom_put_short(t, 0x00280101, "US", 16);
  dicom_put_short(t, 0x00280102, "US", 15);
  dicom_put_short(t, 0x00280103, "US", 1);
  if (s->padded) dicom_put_short(t, 0x00280120, "SS", s->o->padding);
  dicom_put_text(t, 0x00280301, "CS", "NO");
  dicom_put_decimal(t, 0x00281050, 40);
  dicom_put_decimal(t, 0x00281051, 400);
  dicom_put_decimal(t, 0x00281052, 0);
  dicom_put_decimal(t, 0x00281053, 1);
  dicom_put_text(t, 0x00281054, "LO", "HU");
  const float *slice = s->v->voxels + k * n;
  for (int64_t i = 0; i < n; i++) {
    int value = isnan(slice[i]) ? s->o->padding : (int)lrintf(slice[i]);
    if (s->padded && value <= s->o->padding && !isnan(slice[i])) value = s->o->padding + 1;
    pixels[2 * i] = (char)(value & 255);
    pixels[2 * i + 1] = (char)(value >> 8 & 255);
  }
  dicom_put_element(t, 0x7fe00010, "OW", pixels, (size_t)n * 2);
}

static status write_slice(const struct series *s, int64_t k, char *pixels, const char *path) {
  status st = ST_OK;
  struct text t = {0};
  FILE *f = NULL;
  char uid[64];
  dicom_derive_uid(uid, s->o->seed, "instance", k);
  dicom_put_file_head(&t, ct_image_storage, uid);
  put_identity(&t, s, uid);
  put_acquisition(&t, s);
  put_place(&t, s, k);
  put_pixels(&t, s, k, pixels);
  TRY(text_check(&t, "DICOM slice"));
  f = fopen(path, "wb"); /* the folder itself is aside: no need to write aside within it */
  CHECK(f, ST_IO, "%s: cannot be made", path);
  bool written = fwrite(t.data, 1, t.length, f) == t.length;
  written = !fclose(f) && written;
  CHECK(written, ST_IO, "%s: the disk is full or went away", path);
done:
  text_free(&t);
  return st;
}

/* ---- the folder ---- */

static bool our_name(const char *name) {
  int number, end = 0;
  return sscanf(name, "IM%d.dcm%n", &number, &end) == 1 && end && !name[end];
}

/* A folder of slices of ours is emptied; one with anything else in it is left alone. */
static status clear_folder(const char *folder, bool remove_files) {
  status st = ST_OK;
  char path[4096];
  DIR *d = opendir(folder);
  CHECK(d, ST_IO, "%s: cannot be opened", folder);
  for (struct dirent *e; (e = readdir(d));) {
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    CHECK(our_name(e->d_name), ST_USAGE,
          "%s holds files that are no DICOM slices written here: give another folder", folder);
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (remove_files) CHECK(!unlink(path), ST_IO, "%s: cannot be replaced", path);
  }
done:
  if (d) closedir(d);
  return st;
}

static status check_volume(struct series *s) {
  status st = ST_OK;
  const struct volume *v = s->v;
  int64_t n = geometry_voxels(&v->grid);
  CHECK(v->quantity == QUANTITY_HU || v->quantity == QUANTITY_UNKNOWN, ST_DOMAIN,
        "a DICOM CT series holds HU, not %s: write the volume as .nii.gz or .nrrd",
        quantity_name(v->quantity));
  CHECK(v->grid.nx <= 65535 && v->grid.ny <= 65535, ST_DOMAIN,
        "a DICOM slice has at most 65535 x 65535 pixels, not %lld x %lld", (long long)v->grid.nx,
        (long long)v->grid.ny);
  CHECK(s->o->padding >= -32768 && s->o->padding <= -1000, ST_DOMAIN,
        "padding of %d HU would be taken for tissue: -32768 to -1000 is permitted", s->o->padding);
  for (int64_t i = 0; i < n; i++) {
    if (isnan(v->voxels[i]))
      s->padded = true;
    else
      CHECK(v->voxels[i] >= -32768 && v->voxels[i] <= 32767, ST_DOMAIN,
            "voxel %lld holds %g HU; a DICOM slice here holds -32768 to 32767", (long long)i,
            (double)v->voxels[i]);
  }
done:
  return st;
}

static const char *or_default(const char *given, const char *otherwise) {
  return given && *given ? given : otherwise;
}

/* All slices into `folder`, which exists. */
static status write_slices(const struct series *s, const char *folder) {
  status st = ST_OK;
  char path[4200];
  struct progress p;
  const struct geometry *g = &s->v->grid;
  char *pixels = malloc((size_t)(g->nx * g->ny) * 2);
  progress_begin(&p, "write", "slices", g->nz);
  CHECK(pixels, ST_MEMORY, "writing DICOM slices");
  for (int64_t k = 0; k < g->nz; k++) {
    snprintf(path, sizeof path, "%s/IM%04lld.dcm", folder, (long long)k + 1);
    TRY(write_slice(s, k, pixels, path));
    progress_update(&p, k + 1, NULL);
  }
done:
  progress_end(&p);
  free(pixels);
  return st;
}

status dicom_series_write(const struct volume *v, const char *folder,
                          const struct dicom_write_options *options, bool force) {
  status st = ST_OK;
  static const struct dicom_write_options defaults = DICOM_WRITE_DEFAULTS;
  struct series s = {.v = v, .o = options ? options : &defaults};
  char aside[4096] = "", plain[4096];
  int length = snprintf(plain, sizeof plain, "%s", folder);
  while (length > 1 && length < (int)sizeof plain && plain[length - 1] == '/') plain[--length] = 0;
  folder = plain;
  bool there = file_exists(folder), made = false;
  CHECK(force || !there, ST_USAGE, "%s exists already: give --force to replace it", folder);
  CHECK(!there || file_is_directory(folder), ST_USAGE, "%s is a file, not a folder", folder);
  if (there) TRY(clear_folder(folder, false));
  TRY(geometry_check(&v->grid, sizeof *v->voxels));
  TRY(check_volume(&s));
  s.date = or_default(s.o->study_date, "20200101");
  s.time = or_default(s.o->study_time, "120000");
  dicom_derive_uid(s.study, s.o->seed, "study", 0);
  dicom_derive_uid(s.series, s.o->seed, "series", 0);
  dicom_derive_uid(s.frame, s.o->seed, "frame of reference", 0);
  int n = snprintf(aside, sizeof aside, "%s.part-%ld", folder, (long)getpid());
  CHECK(n > 0 && (size_t)n < sizeof aside, ST_IO, "%s: the path is too long", folder);
  TRY(file_make_directory(aside));
  made = true;
  TRY(write_slices(&s, aside));
  if (there) {
    TRY(clear_folder(folder, true));
    CHECK(!rmdir(folder), ST_IO, "%s: cannot be replaced", folder);
  }
  CHECK(!rename(aside, folder), ST_IO, "%s: cannot be made", folder);
  made = false;
done:
  if (made && clear_folder(aside, true) == ST_OK) rmdir(aside);
  return st;
}
