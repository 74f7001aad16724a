/* The minimum cut against enumeration of every cut (exact by definition), and a bottleneck whose
 * answer is plain. */
#include "anatomy/max_flow.h"
#include "core/random.h"
#include "tests/check.h"

enum { NODES = 9, EDGES = 20 };

struct graph {
  int n, m;
  int p[64], q[64], forward[64], backward[64], source[16], sink[16];
};

static void random_graph(struct graph *g, uint64_t seed, int n, int m) {
  g->n = n;
  g->m = m;
  for (int e = 0; e < m; e++) {
    g->p[e] = (int)random_below(seed, 1, (uint64_t)e, (uint64_t)n);
    g->q[e] = (g->p[e] + 1 + (int)random_below(seed, 2, (uint64_t)e, (uint64_t)n - 1)) % n;
    g->forward[e] = (int)random_below(seed, 3, (uint64_t)e, 12);
    g->backward[e] = (int)random_below(seed, 4, (uint64_t)e, 5);
  }
  for (int i = 0; i < n; i++) {
    g->source[i] =
        random_below(seed, 5, (uint64_t)i, 3) ? 0 : (int)random_below(seed, 6, (uint64_t)i, 20);
    g->sink[i] =
        random_below(seed, 7, (uint64_t)i, 3) ? 0 : (int)random_below(seed, 8, (uint64_t)i, 20);
  }
}

/* Capacity of the cut whose source side is the bits of `side`. */
static int64_t cut_capacity(const struct graph *g, unsigned side) {
  int64_t sum = 0;
  for (int i = 0; i < g->n; i++) sum += side >> i & 1 ? g->sink[i] : g->source[i];
  for (int e = 0; e < g->m; e++) {
    unsigned a = side >> g->p[e] & 1, b = side >> g->q[e] & 1;
    if (a && !b) sum += g->forward[e];
    if (b && !a) sum += g->backward[e];
  }
  return sum;
}

static struct max_flow *build(const struct graph *g) {
  struct max_flow *f = NULL;
  assert_ok(max_flow_create(&f, g->n, g->m));
  for (int i = 0; i < g->n; i++) max_flow_terminal(f, i, g->source[i], g->sink[i]);
  for (int e = 0; e < g->m; e++) max_flow_edge(f, g->p[e], g->q[e], g->forward[e], g->backward[e]);
  return f;
}

static void equals_the_smallest_of_all_cuts(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 400; seed++) {
    struct graph g;
    random_graph(&g, seed, NODES, EDGES);
    int64_t least = INT64_MAX;
    for (unsigned side = 0; side < 1u << NODES; side++) {
      int64_t c = cut_capacity(&g, side);
      if (c < least) least = c;
    }
    struct max_flow *f = build(&g);
    assert_int_equal(max_flow_solve(f), least);
    unsigned side = 0;
    for (int i = 0; i < NODES; i++) side |= (unsigned)max_flow_on_source(f, i) << i;
    assert_int_equal(cut_capacity(&g, side), least);
    max_flow_destroy(f);
  }
}

static void a_wall_of_cheap_edges_is_where_a_grid_is_cut(void **state) {
  (void)state;
  /* a long grid, source at one end, sink at the other; edges between columns 20 and 21 cost 1 */
  enum { LONG = 60, WIDE = 30 };
  struct max_flow *f = NULL;
  assert_ok(max_flow_create(&f, LONG * WIDE, 2 * LONG * WIDE));
  for (int j = 0; j < WIDE; j++)
    for (int i = 0; i < LONG; i++) {
      int p = j * LONG + i;
      if (i + 1 < LONG) max_flow_edge(f, p, p + 1, i == 20 ? 1 : 7, i == 20 ? 1 : 7);
      if (j + 1 < WIDE) max_flow_edge(f, p, p + LONG, 7, 7);
      if (i == 0) max_flow_terminal(f, p, 1000, 0);
      if (i == LONG - 1) max_flow_terminal(f, p, 0, 1000);
    }
  assert_int_equal(max_flow_solve(f), WIDE);
  for (int i = 0; i < LONG; i++) assert_int_equal(max_flow_on_source(f, 11 * LONG + i), i <= 20);
  max_flow_destroy(f);
}

static void a_directed_edge_costs_only_one_way(void **state) {
  (void)state;
  struct max_flow *f = NULL;
  assert_ok(max_flow_create(&f, 2, 1));
  max_flow_terminal(f, 0, 10, 0);
  max_flow_terminal(f, 1, 0, 10);
  max_flow_edge(f, 0, 1, 0, 9); /* nothing may flow from 0 to 1 */
  assert_int_equal(max_flow_solve(f), 0);
  max_flow_destroy(f);
}

static void terminal_links_add_up(void **state) {
  (void)state;
  struct max_flow *f = NULL;
  assert_ok(max_flow_create(&f, 1, 0));
  max_flow_terminal(f, 0, 5, 3);
  max_flow_terminal(f, 0, 0, 4); /* 5 in, 7 out */
  assert_int_equal(max_flow_solve(f), 5);
  assert_false(max_flow_on_source(f, 0));
  max_flow_destroy(f);
}

static void too_many_edges_are_refused(void **state) {
  (void)state;
  struct max_flow *f = NULL;
  assert_fails(max_flow_create(&f, 0, 1), ST_DOMAIN, "minimum cut");
  assert_fails(max_flow_create(&f, 1, INT32_MAX), ST_DOMAIN, "edges");
  assert_null(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equals_the_smallest_of_all_cuts),
      cmocka_unit_test(a_wall_of_cheap_edges_is_where_a_grid_is_cut),
      cmocka_unit_test(a_directed_edge_costs_only_one_way),
      cmocka_unit_test(terminal_links_add_up),
      cmocka_unit_test(too_many_edges_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
