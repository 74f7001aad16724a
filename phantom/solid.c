#include "phantom/solid.h"

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
