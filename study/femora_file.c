/* parts/femora.json: what was found of each femur, with its frame. */
#include "core/json.h"
#include "study/case.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

status femora_write(const struct femur_result *r, const char *path) {
  status st = ST_OK;
  cJSON *json = cJSON_CreateObject();
  for (int s = 0; s < CASE_SIDES; s++) {
    CHECK(json &&
              cJSON_AddItemToObject(json, side_name(case_sides[s]), femur_to_json(&r->sides[s])),
          ST_MEMORY, "writing the femora");
  }
  TRY(json_write(json, path, true));
done:
  cJSON_Delete(json);
  return st;
}

static status femur_from_json(struct femur *f, const cJSON *json, const char *what) {
  status st = ST_OK;
  char state[16];
  double metal_ml = (double)NAN, volume_ml = (double)NAN;
  f->frame.head_score = f->frame.head_cut = f->soft_share = (double)NAN;
  f->rim = f->socket = f->rim_rms_mm = (double)NAN;
  TRY(json_get_text(state, sizeof state, json, "state", what));
  TRY(json_opt_text(f->reason, sizeof f->reason, json, "reason", what));
  TRY(json_opt_number(&metal_ml, json, "metal_ml", what));
  f->metal_mm3 = 1000 * metal_ml;
  f->state = strcmp(state, "found") == 0     ? FEMUR_FOUND
             : strcmp(state, "refused") == 0 ? FEMUR_REFUSED
                                             : FEMUR_ABSENT;
  if (f->state != FEMUR_FOUND) goto done;
  TRY(json_get_whole(&f->label, 0, UINT16_MAX, json, "label", what));
  TRY(json_opt_number(&volume_ml, json, "volume_ml", what));
  TRY(json_opt_number(&f->soft_share, json, "soft_surface_share", what));
  TRY(json_get_whole(&f->touches, 0, 63, json, "touched_faces", what));
  f->label_mm3 = 1000 * volume_ml;
  f->frame_ok = cJSON_IsTrue(json_find(json, "frame_complete"));
  f->head_truncated = cJSON_IsTrue(json_find(json, "head_truncated"));
  const cJSON *from = json_find(json, "from");
  f->imported = cJSON_IsString(from) && strcmp(from->valuestring, "labels") == 0;
  if (hip_frame_from_json(&f->frame, json_find(json, "frame"), what) == ST_OK) goto done;
  status_clear(); /* a frame without axes: its flags say why */
  TRY(json_opt_text(f->frame.flags, sizeof f->frame.flags, json, "frame.flags", what));
done:
  return st;
}

status femora_read(struct femur_result *r, const char *path) {
  status st = ST_OK;
  cJSON *json = NULL;
  TRY(json_read(&json, path));
  for (int s = 0; s < CASE_SIDES; s++) {
    const char *side = side_name(case_sides[s]);
    r->sides[s].side = case_sides[s];
    TRY(femur_from_json(&r->sides[s], json_find(json, side), "parts/femora.json"));
  }
done:
  cJSON_Delete(json);
  return st;
}
