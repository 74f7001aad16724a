/* The calibration phantoms that are known by key: densities of their rods as certified.
 *
 * The data is core/phantom_registry.json, compiled in. A user's own certificate is a file of the
 * same form and always overrides it: every number belongs to one serial, so whoever uses a built-in
 * entry tells the user to compare it with the certificate of his phantom. Densities are mg/cm3 of
 * the entry's material; `water` is the water-equivalent density [mg/cm3] of phantoms whose fit
 * corrects for displaced water (Mindways), NaN otherwise. Geometry that no certificate gave is NaN.
 * Source: ogo2020 (public program that holds the certificates of seven units).
 */
#ifndef QCT_CORE_PHANTOM_REGISTRY_H
#define QCT_CORE_PHANTOM_REGISTRY_H

#include "core/status.h"
#include "core/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { PHANTOM_RODS = 8 };

struct phantom_rod {
  char label[16]; /* as on the certificate: "A" */
  double density; /* mg/cm3 of the entry's material */
  double water;   /* water-equivalent density [mg/cm3], NaN without */
  int hu_order;   /* rank of the nominal HU among the rods, 1 is the lowest */
};

struct phantom_entry {
  char key[48];
  char name[96];
  enum material material;    /* MATERIAL_K2HPO4 or MATERIAL_HA */
  char serial[48];           /* units the numbers belong to; "unknown" when not stated */
  char certificate_date[16]; /* "" when not stated */
  char source[32];           /* key of core/sources.def, "" in a user's file */
  int plates;                /* 1: the inserts are plates, not rods */
  int rod_count;             /* 2..PHANTOM_RODS */
  struct phantom_rod rods[PHANTOM_RODS]; /* label LABEL_ROD_1 + i belongs to rods[i] */
  /* mm, NaN when not known */
  double rod_radius_mm, pitch_mm, plate_width_mm, plate_height_mm;
};

struct phantom_registry {
  struct phantom_entry *entries; /* owned */
  size_t count;
};

/**
 * Read a registry: `path` NULL is the one compiled in, else a JSON file of the same form (a file
 * with one phantom is a certificate).
 * @return ST_IO, ST_FORMAT naming the entry and the key at fault (unit other than mg/cm3, unknown
 *         material, fewer than 2 or more than PHANTOM_RODS rods, ranks that are not 1..n, a key or
 *         a rod label twice, rods of which only some have a water density)
 */
status phantom_registry_read(struct phantom_registry **out, const char *path);
void phantom_registry_destroy(struct phantom_registry *r);

/**
 * One entry, copied. `path` as above; `key` NULL is allowed for a file with a single entry.
 * @return also ST_USAGE for an unknown key; the message lists the known ones
 */
status phantom_registry_find(struct phantom_entry *out, const char *key, const char *path);

#ifdef __cplusplus
}
#endif
#endif
