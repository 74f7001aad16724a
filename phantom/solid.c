#include "phantom/solid.h"

#include <string.h>

static double lattice(int x, int y, int z, unsigned seed) {
  uint32_t h = (uint32_t)x * 0x8da6b343u ^ (uint32_t)y * 0xd8163841u ^ (uint32_t)z * 0xcb1ab31fu ^
               (uint32_t)seed * 0x9e3779b9u;
  h ^= h >> 15;
  h *= 0x2c1b3c6du;
  h ^= h >> 12;
  h *= 0x297a2d39u;
  h ^= h >> 15;
  return h / 4294967295.0 * 2 - 1;
}

static double mix(double a, double b, double t) {
  return a + (b - a) * t;
}

double solid_noise(struct vec3 p, unsigned seed) {
  double fx = floor(p.x), fy = floor(p.y), fz = floor(p.z);
  int i = (int)fx, j = (int)fy, k = (int)fz;
  double u = p.x - fx, v = p.y - fy, w = p.z - fz, plane[2];
  u = u * u * (3 - 2 * u);
  v = v * v * (3 - 2 * v);
  w = w * w * (3 - 2 * w);
  for (int c = 0; c < 2; c++)
    plane[c] = mix(mix(lattice(i, j, k + c, seed), lattice(i + 1, j, k + c, seed), u),
                   mix(lattice(i, j + 1, k + c, seed), lattice(i + 1, j + 1, k + c, seed), u), v);
  return mix(plane[0], plane[1], w);
}

void solid_rotation(double r[9], const double deg[3]) {
  const double rad = 0.017453292519943295;
  double cx = cos(deg[0] * rad), sx = sin(deg[0] * rad), cy = cos(deg[1] * rad);
  double sy = sin(deg[1] * rad), cz = cos(deg[2] * rad), sz = sin(deg[2] * rad);
  const double m[9] = {cz * cy,
                       cz * sy * sx - sz * cx,
                       cz * sy * cx + sz * sx,
                       sz * cy,
                       sz * sy * sx + cz * cx,
                       sz * sy * cx - cz * sx,
                       -sy,
                       cy * sx,
                       cy * cx};
  memcpy(r, m, sizeof m);
}
