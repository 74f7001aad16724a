#include "report/report.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *key, *words;
} quantities[] = {
    {"act", "Mean cortical thickness (ACT)"},
    {"act_area", "Cortical thickness from area (ACT)"},
    {"act_beck", "Cortical thickness of the equal ring (ACT)"},
    {"act_inferior_anterior", "Cortical thickness, lower front"},
    {"act_inferior_posterior", "Cortical thickness, lower back"},
    {"act_lateral_anterior", "Cortical thickness, outer front"},
    {"act_lateral_posterior", "Cortical thickness, outer back"},
    {"act_medial_anterior", "Cortical thickness, inner front"},
    {"act_medial_posterior", "Cortical thickness, inner back"},
    {"act_superior_anterior", "Cortical thickness, upper front"},
    {"act_superior_posterior", "Cortical thickness, upper back"},
    {"agatston_band", "Band of the Agatston score"},
    {"area_projected", "Projected area"},
    {"bmc_cortical", "Cortical mineral content"},
    {"bmc_integral", "Mineral content"},
    {"bmc_peeled", "Mineral content without the peel"},
    {"bmc_per_length", "Mineral content by length"},
    {"bmc_projected", "Projected mineral content"},
    {"bmc_trabecular", "Trabecular mineral content"},
    {"bmd_class", "Class of the spine's density"},
    {"br", "Buckling ratio"},
    {"br_beck", "Buckling ratio of the equal ring"},
    {"br_dxa", "Buckling ratio by width"},
    {"cac_drs_category", "CAC-DRS category"},
    {"centroid", "Height of the centroid by width"},
    {"cobb", "Cobb angle"},
    {"compartment_mean_hu", "Mean HU"},
    {"cortex_rejected", "Share of places where the cortex could not be fitted"},
    {"cortical_density", "Density of the cortex, from its thick places"},
    {"cortical_mass_mean", "Mass of the cortex by area"},
    {"cortical_mass_median", "Mass of the cortex by area, median"},
    {"cortical_mass_p5", "Mass of the cortex by area, 5 % are below"},
    {"cortical_mass_p95", "Mass of the cortex by area, 5 % are above"},
    {"cortical_thickness_half_max", "Cortical thickness by half-maximum (comparison)"},
    {"cortical_thickness_mean", "Cortical thickness"},
    {"cortical_thickness_median", "Cortical thickness, median"},
    {"cortical_thickness_p5", "Cortical thickness, 5 % are below"},
    {"cortical_thickness_p95", "Cortical thickness, 5 % are above"},
    {"csmi", "CSMI, coronal bending"},
    {"csmi_ml", "CSMI, bending front to back"},
    {"csmi_si", "CSMI, bending front to back"},
    {"ed", "Width of the marrow space"},
    {"ed_beck", "Marrow width of the equal ring"},
    {"endocortical_density", "Density just behind the cortex"},
    {"fall_balance", "Imbalance of the reactions"},
    {"fall_displacement", "Applied displacement"},
    {"fall_dropped", "Loose elements left out"},
    {"fall_element_size", "Element edge"},
    {"fall_elements", "Finite elements"},
    {"fall_factor_of_risk", "Factor of risk (fall force over failure load)"},
    {"fall_failure_load", "Failure load, fall to the side"},
    {"fall_failure_load_coarse_mesh", "Failure load, coarser elements"},
    {"fall_failure_load_density_high", "Failure load, density at the upper limit"},
    {"fall_failure_load_density_low", "Failure load, density at the lower limit"},
    {"fall_failure_load_fine_mesh", "Failure load, finer elements"},
    {"fall_failure_load_laws", "Failure load, range over the modulus laws"},
    {"fall_failure_load_off_contact", "Failure load, away from the contacts"},
    {"fall_failure_load_outline_in", "Failure load, outline moved in"},
    {"fall_failure_load_outline_out", "Failure load, outline moved out"},
    {"fall_failure_load_pistoia", "Failure load, Pistoia criterion (comparison)"},
    {"fall_failure_load_strain_limit", "Failure load, first element at its limit"},
    {"fall_force", "Impact force of a fall"},
    {"fall_force_attenuated", "Impact force after soft tissue"},
    {"fall_load", "Reaction at the applied displacement"},
    {"fall_mean_modulus", "Mean modulus of bone"},
    {"fall_residual", "Residual of the solution"},
    {"fall_stiffness", "Stiffness, fall to the side"},
    {"fat_inside_sac", "Fat inside the sac of the heart"},
    {"fat_inside_sac_mean_hu", "Fat inside the sac, mean HU"},
    {"fat_inside_sac_per_bsa", "Fat inside the sac by body surface"},
    {"fat_inside_sac_sd_hu", "Fat inside the sac, SD of HU"},
    {"fat_outside_sac", "Fat around the sac of the heart"},
    {"fat_outside_sac_mean_hu", "Fat around the sac, mean HU"},
    {"fat_outside_sac_sd_hu", "Fat around the sac, SD of HU"},
    {"height_anterior", "Height in front"},
    {"height_loss", "Height loss"},
    {"height_loss_neighbours", "Height loss beside the neighbours"},
    {"height_middle", "Height in the middle"},
    {"height_posterior", "Height at the back"},
    {"hu_mean", "Mean HU"},
    {"hu_median", "Median HU"},
    {"hu_sd", "SD of HU"},
    {"imat_area", "Fat between the muscles (IMAT), area"},
    {"imat_volume", "Fat between the muscles (IMAT), volume"},
    {"imax", "Largest moment"},
    {"imin", "Smallest moment"},
    {"ixy", "Product moment"},
    {"j", "Polar moment J"},
    {"muscle_gauge", "Muscle gauge (index times attenuation)"},
    {"muscle_low_area", "Muscle of low attenuation, area"},
    {"muscle_low_volume", "Muscle of low attenuation, volume"},
    {"muscle_normal_area", "Muscle of normal attenuation, area"},
    {"muscle_normal_volume", "Muscle of normal attenuation, volume"},
    {"neck_area_narrowest", "Smallest area across the neck"},
    {"neck_shaft_angle", "Neck-shaft angle"},
    {"perimeter_inner", "Inner perimeter"},
    {"perimeter_outer", "Outer perimeter"},
    {"sac_first_z", "Sac of the heart begins at z"},
    {"sac_last_z", "Sac of the heart ends at z"},
    {"sac_volume", "Volume of the sac of the heart"},
    {"smi", "Skeletal muscle index (SMI)"},
    {"smra", "Muscle radiation attenuation (SMRA)"},
    {"spw", "Width of the section"},
    {"t_hu", "HU in SD of young adults (T)"},
    {"theta", "Angle of the principal axis"},
    {"tot_area", "Area"},
    {"trochanter_soft_tissue", "Soft tissue over the trochanter"},
    {"vat_sat_ratio", "Visceral over subcutaneous fat"},
    {"vbmd_cortical", "Cortical vBMD"},
    {"vbmd_integral", "Integral vBMD"},
    {"vbmd_median", "Median vBMD"},
    {"vbmd_peeled", "vBMD without the peel"},
    {"vbmd_sd", "SD of vBMD"},
    {"vbmd_trabecular", "Trabecular vBMD"},
    {"verdict_l1_110", "Verdict of L1 at 110 HU"},
    {"verdict_l1_135", "Verdict of L1 at 135 HU"},
    {"verdict_l1_160", "Verdict of L1 at 160 HU"},
    {"volume_cortical", "Cortical volume"},
    {"volume_integral", "Volume"},
    {"volume_outlined", "Volume of the outline"},
    {"volume_peeled", "Volume without the peel"},
    {"volume_trabecular", "Trabecular volume"},
    {"z", "Section modulus Z"},
    {"z_inferior", "Section modulus, lower edge"},
    {"z_lateral", "Section modulus, outer edge"},
    {"z_medial", "Section modulus, inner edge"},
    {"z_superior", "Section modulus, upper edge"},
    {"zmax", "Section modulus about the axis of the largest moment"},
    {"zmin", "Section modulus about the axis of the smallest moment"},
    {"zp", "Polar section modulus"},
};

/* blanks for underscores, a capital first, and the abbreviations of the field in their own case */
static void spell(char out[96], const char *key) {
  static const char *const words[][2] = {
      {"vbmd", "vBMD"}, {"bmc", "BMC"}, {"abmd", "aBMD"}, {"hu", "HU"}, {"fal", "FAL"},
      {"hal", "HAL"},   {"p5", "P5"},   {"p95", "P95"},   {"sd", "SD"}, {"nsa", "NSA"},
      {"bmd", "BMD"},   {"csa", "CSA"}, {"csmi", "CSMI"}};
  size_t n = 0;
  while (*key && n < 95) {
    size_t length = strcspn(key, "_");
    const char *word = key;
    size_t known = 0, copied = length;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (strlen(words[i][0]) == length && strncmp(words[i][0], key, length) == 0) {
        word = words[i][1];
        known = 1;
        copied = strlen(word);
      }
    for (size_t i = 0; i < copied && n < 95; i++) {
      int c = (unsigned char)word[i];
      out[n] = (char)(n == 0 && !known ? toupper(c) : c);
      n++;
    }
    key += length;
    if (*key == '_') {
      key++;
      if (n < 95) out[n++] = ' ';
    }
  }
  out[n] = '\0';
}

static void name_quantity(char out[96], const char *quantity) {
  for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++)
    if (strcmp(quantities[i].key, quantity) == 0) {
      snprintf(out, 96, "%s", quantities[i].words);
      return;
    }
  spell(out, quantity);
}

/* The families of a section's quantities (qct/structure_section.h) share their names. */
void report_quantity_words(char out[96], const char *quantity) {
  static const struct {
    const char *end, *words;
  } families[] = {{"_g", "whole section"}, {"_c", "cortex"}, {"_w", "weighted by density"}};
  const size_t length = strlen(quantity);
  for (int i = 0; i < 3; i++) {
    char stem[96], words[96];
    if (length < 3 || length > 90 || strcmp(quantity + length - 2, families[i].end) != 0) continue;
    snprintf(stem, sizeof stem, "%.*s", (int)length - 2, quantity);
    name_quantity(words, stem);
    snprintf(out, 96, "%.70s, %s", words, families[i].words);
    return;
  }
  name_quantity(out, quantity);
}

void report_region_words(char out[96], const char *region) {
  static const char *const sides[] = {"_right", "_left"};
  char part[96];
  for (int i = 0; i < 2; i++) {
    size_t n = strlen(region), m = strlen(sides[i]);
    if (n <= m || n - m >= sizeof part || strcmp(region + n - m, sides[i]) != 0) continue;
    char words[96];
    memcpy(part, region, n - m);
    part[n - m] = '\0';
    spell(words, part);
    snprintf(out, 96, "%.80s, %s", words, sides[i] + 1);
    return;
  }
  spell(out, region);
}

void report_number(char out[32], double value, double half_width) {
  if (isnan(value)) {
    snprintf(out, 32, "withheld");
    return;
  }
  double size = fabs(value);
  int decimals = size > 0 ? 3 - (int)floor(log10(size)) : 0;
  if (half_width > 0 && isfinite(half_width)) {
    int of_interval = 1 - (int)floor(log10(half_width));
    if (of_interval < decimals) decimals = of_interval;
  }
  if (decimals < 0) decimals = 0;
  bool whole = size < 1e15 && value == floor(value) && !(half_width > 0);
  if (size != 0 && (decimals > 6 || size >= 1e15))
    snprintf(out, 32, "%.3g", value);
  else
    snprintf(out, 32, "%.*f", whole ? 0 : decimals, value);
}
