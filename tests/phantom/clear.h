/* The promise the painter of phantoms rests on: nothing changes within the distance that a sample
 * calls clear. By random points, of which scenes have their own, and directions. */
#ifndef QCT_TESTS_PHANTOM_CLEAR_H
#define QCT_TESTS_PHANTOM_CLEAR_H

#include "core/random.h"
#include "phantom/paint.h"
#include "tests/check.h"

static struct vec3 random_direction(uint64_t i) {
  return vec3_unit(
      vec3_make(random_normal(2, 1, i), random_normal(2, 2, i), random_normal(2, 3, i)));
}

/* How many of the n balls within the clear distance (at most 9 mm, and not below 0.02) hold an
 * interface; *tested is how many there were. */
static int broken_balls(int *tested, const struct scene *scene, struct vec3 (*point)(uint64_t),
                        uint64_t n) {
  int broken = 0;
  *tested = 0;
  for (uint64_t i = 0; i < n; i++) {
    struct vec3 p = point(i);
    struct paint_sample a, b;
    scene->sample(scene->model, ~(paint_parts)0, p, &a);
    double clear = fmin(fmin(a.hard, a.soft), 9);
    if (clear < 0.02) continue;
    struct vec3 q = vec3_along(p, 0.999 * clear, random_direction(i));
    scene->sample(scene->model, ~(paint_parts)0, q, &b);
    ++*tested;
    broken += !(a.textured == b.textured && (a.textured || a.hu == b.hu));
  }
  return broken;
}

#endif
