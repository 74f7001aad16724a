#include "report/report.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *key, *words;
} quantities[] = {
    {"bmc_cortical", "Cortical mineral content"},
    {"bmc_integral", "Mineral content"},
    {"bmc_trabecular", "Trabecular mineral content"},
    {"cortex_rejected", "Share of places where the cortex could not be fitted"},
    {"cortical_density", "Density of the cortex, from its thick places"},
    {"cortical_mass_mean", "Mass of the cortex by area"},
    {"cortical_thickness_half_max", "Cortical thickness by half-maximum (comparison)"},
    {"cortical_thickness_mean", "Cortical thickness"},
    {"cortical_thickness_median", "Cortical thickness, median"},
    {"endocortical_density", "Density just behind the cortex"},
    {"fall_balance", "Imbalance of the reactions"},
    {"fall_displacement", "Applied displacement"},
    {"fall_dropped", "Loose elements left out"},
    {"fall_elements", "Finite elements"},
    {"fall_element_size", "Element edge"},
    {"fall_factor_of_risk", "Factor of risk (fall force over failure load)"},
    {"fall_failure_load_coarse_mesh", "Failure load, coarser elements"},
    {"fall_failure_load_density_high", "Failure load, density at the upper limit"},
    {"fall_failure_load_density_low", "Failure load, density at the lower limit"},
    {"fall_failure_load_fine_mesh", "Failure load, finer elements"},
    {"fall_failure_load_outline_in", "Failure load, outline moved in"},
    {"fall_failure_load_outline_out", "Failure load, outline moved out"},
    {"fall_failure_load", "Failure load, fall to the side"},
    {"fall_failure_load_laws", "Failure load, range over the modulus laws"},
    {"fall_failure_load_pistoia", "Failure load, Pistoia criterion (comparison)"},
    {"fall_failure_load_strain_limit", "Failure load, first element at its limit"},
    {"fall_force", "Impact force of a fall"},
    {"fall_force_attenuated", "Impact force after soft tissue"},
    {"fall_load", "Reaction at the applied displacement"},
    {"fall_mean_modulus", "Mean modulus of bone"},
    {"fall_residual", "Residual of the solution"},
    {"fall_stiffness", "Stiffness, fall to the side"},
    {"vbmd_cortical", "Cortical vBMD"},
    {"vbmd_integral", "Integral vBMD"},
    {"vbmd_trabecular", "Trabecular vBMD"},
    {"volume_cortical", "Cortical volume"},
    {"volume_integral", "Volume"},
    {"volume_trabecular", "Trabecular volume"},
};

/* blanks for underscores, a capital first, and the abbreviations of the field in their own case */
static void spell(char out[96], const char *key) {
  static const char *const words[][2] = {{"vbmd", "vBMD"}, {"bmc", "BMC"},
                                         {"abmd", "aBMD"}, {"hu", "HU"},
                                         {"fal", "FAL"},   {"hal", "HAL"},
                                         {"p5", "P5"},     {"p95", "P95"},
                                         {"sd", "SD"},     {"nsa", "NSA"},
                                         {"bmd", "BMD"},   {"csa", "CSA"},
                                         {"csmi", "CSMI"}, {"w", "weighted by density"}};
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

void report_quantity_words(char out[96], const char *quantity) {
  for (size_t i = 0; i < sizeof quantities / sizeof *quantities; i++)
    if (strcmp(quantities[i].key, quantity) == 0) {
      snprintf(out, 96, "%s", quantities[i].words);
      return;
    }
  spell(out, quantity);
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
