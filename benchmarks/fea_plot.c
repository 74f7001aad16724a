/* Draws one step of the table of benchmarks/fea_tets.sh (standard input) as SVG (standard output):
 * stiffness, or with a second word failure load, against the edge of a cube of an element's mean
 * volume. */
#include "core/plot.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 64, KINDS = 4 };

int main(int argc, char **argv) {
  static const char *const names[KINDS] = {"hex8", "tet10", "tet4", "hex8-voxels"};
  static const uint32_t colours[KINDS] = {COLOUR_BLUE, COLOUR_RED, COLOUR_GREEN, COLOUR_ORANGE};
  static double size[KINDS][ROWS], value[KINDS][ROWS];
  int count[KINDS] = {0};
  char line[256], step[16], kind[16], title[80];
  double edge, cube, n, stiffness, load;
  const bool failure = argc == 3;
  struct plot *p = NULL;
  struct text t = {0};
  if (argc < 2) return 2;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%15[^,],%15[^,],%lf,%lf,%lf,%lf,%lf", step, kind, &edge, &cube, &n,
               &stiffness, &load) != 7)
      continue;
    for (int i = 0; i < KINDS && strcmp(step, argv[1]) == 0; i++)
      if (strcmp(kind, names[i]) == 0 && count[i] < ROWS) {
        size[i][count[i]] = cube;
        value[i][count[i]++] = failure ? load : stiffness;
      }
  }
  if (plot_create(&p, 560, 380, "edge of a cube of an element's volume [mm]",
                  failure ? "failure load [N]" : "stiffness [N/mm]"))
    return 1;
  snprintf(title, sizeof title, "one femur: %s",
           strcmp(argv[1], "one") == 0       ? "one modulus in bone and caps"
           : strcmp(argv[1], "density") == 0 ? "density of the scan, stiff caps"
                                             : "density of the scan, PMMA caps (the recipe)");
  plot_title(p, title);
  for (int i = 0; i < KINDS; i++) {
    if (!count[i]) continue;
    plot_points(p, size[i], value[i], count[i], colours[i], names[i]);
    plot_line(p, size[i], value[i], count[i], colours[i], NULL);
  }
  if (plot_svg(p, &t)) return 1;
  fwrite(t.data, 1, t.length, stdout);
  text_free(&t);
  plot_destroy(p);
  return 0;
}
