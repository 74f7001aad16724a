#include "anatomy/max_flow.h"

#include <assert.h>
#include <stdlib.h>

enum { NONE = -1, TERMINAL = -2, ORPHAN = -3 }; /* in place of a parent arc or a list end */
enum { TREE_FREE, TREE_SOURCE, TREE_SINK };

struct arc {
  int32_t head;     /* node it leads to; its sister is arc ^ 1 */
  int32_t next;     /* next arc of the same tail */
  int32_t residual; /* capacity left */
};

struct node {
  int64_t terminal; /* residual from the source when > 0, to the sink when < 0 */
  int32_t first;    /* first arc */
  int32_t parent;   /* arc towards the parent in its tree */
  int32_t next;     /* in the list of active nodes; NONE when not listed, itself at the end */
  int32_t mark;     /* time at which `distance` was known to be right */
  int32_t distance; /* arcs to the terminal */
  int8_t tree;
};

struct max_flow {
  struct node *nodes;
  struct arc *arcs;
  int32_t *orphans; /* stack and queue of orphans, ring of `node_count` */
  int32_t node_count, arc_count, arc_limit;
  int32_t active_first, active_last;
  int32_t orphan_first, orphan_count;
  int32_t time;
  int64_t flow;
};

status max_flow_create(struct max_flow **out, int32_t nodes, int64_t edges) {
  status st = ST_OK;
  struct max_flow *g = NULL;
  CHECK(nodes >= 1 && edges >= 0 && edges < INT32_MAX / 2, ST_DOMAIN,
        "minimum cut: %d nodes and %lld edges, permitted 1.. nodes and 0..%d edges", nodes,
        (long long)edges, INT32_MAX / 2);
  g = calloc(1, sizeof *g);
  CHECK(g, ST_MEMORY, "minimum cut: out of memory");
  g->nodes = calloc((size_t)nodes, sizeof *g->nodes);
  g->arcs = malloc((size_t)(2 * edges + 1) * sizeof *g->arcs);
  g->orphans = malloc((size_t)nodes * sizeof *g->orphans);
  CHECK(g->nodes && g->arcs && g->orphans, ST_MEMORY,
        "minimum cut: out of memory for %d nodes and %lld edges", nodes, (long long)edges);
  g->node_count = nodes;
  g->arc_limit = (int32_t)(2 * edges);
  for (int32_t i = 0; i < nodes; i++) {
    g->nodes[i].first = NONE;
    g->nodes[i].parent = NONE;
    g->nodes[i].next = NONE;
  }
  *out = g;
  g = NULL;
done:
  max_flow_destroy(g);
  return st;
}

void max_flow_destroy(struct max_flow *g) {
  if (!g) return;
  free(g->nodes);
  free(g->arcs);
  free(g->orphans);
  free(g);
}

void max_flow_terminal(struct max_flow *g, int32_t node, int32_t from_source, int32_t to_sink) {
  assert(node >= 0 && node < g->node_count && from_source >= 0 && to_sink >= 0);
  int64_t source = from_source, sink = to_sink;
  int64_t *residual = &g->nodes[node].terminal;
  if (*residual > 0)
    source += *residual;
  else
    sink -= *residual;
  g->flow += source < sink ? source : sink; /* what runs straight through the node */
  *residual = source - sink;
}

static void arc_add(struct max_flow *g, int32_t tail, int32_t head, int32_t capacity) {
  struct arc *a = &g->arcs[g->arc_count];
  a->head = head;
  a->next = g->nodes[tail].first;
  a->residual = capacity;
  g->nodes[tail].first = g->arc_count++;
}

void max_flow_edge(struct max_flow *g, int32_t p, int32_t q, int32_t forward, int32_t backward) {
  assert(p >= 0 && q >= 0 && p < g->node_count && q < g->node_count && p != q);
  assert(forward >= 0 && backward >= 0 && g->arc_count + 2 <= g->arc_limit);
  arc_add(g, p, q, forward);
  arc_add(g, q, p, backward);
}

/* ---- lists ---- */

static void activate(struct max_flow *g, int32_t i) {
  struct node *n = &g->nodes[i];
  if (n->next != NONE) return;
  n->next = i;
  if (g->active_last == NONE)
    g->active_first = i;
  else
    g->nodes[g->active_last].next = i;
  g->active_last = i;
}

/* The next active node that still belongs to a tree; it stays active. */
static int32_t active_node(struct max_flow *g) {
  while (g->active_first != NONE) {
    int32_t i = g->active_first;
    if (g->nodes[i].tree != TREE_FREE) return i;
    int32_t next = g->nodes[i].next;
    g->active_first = next == i ? NONE : next;
    if (g->active_first == NONE) g->active_last = NONE;
    g->nodes[i].next = NONE;
  }
  return NONE;
}

static void deactivate_first(struct max_flow *g) {
  int32_t i = g->active_first, next = g->nodes[i].next;
  g->active_first = next == i ? NONE : next;
  if (g->active_first == NONE) g->active_last = NONE;
  g->nodes[i].next = NONE;
}

/* A node is at most once among the orphans, so the ring never overflows. */
static void orphan_push(struct max_flow *g, int32_t i, int front) {
  g->nodes[i].parent = ORPHAN;
  if (front) {
    g->orphan_first = g->orphan_first ? g->orphan_first - 1 : g->node_count - 1;
    g->orphans[g->orphan_first] = i;
  } else {
    g->orphans[(g->orphan_first + (int64_t)g->orphan_count) % g->node_count] = i;
  }
  g->orphan_count++;
}

/* ---- grow, augment, adopt ---- */

/* Residual in the direction of flow through an arc that leaves a node of `tree`. */
static int32_t outward(const struct max_flow *g, int32_t arc, int tree) {
  return g->arcs[tree == TREE_SOURCE ? arc : arc ^ 1].residual;
}

/* Grow the tree of node i; the arc from the source tree to the sink tree when they touch, else
 * NONE.
 */
static int32_t grow(struct max_flow *g, int32_t i) {
  struct node *n = &g->nodes[i];
  for (int32_t a = n->first; a != NONE; a = g->arcs[a].next) {
    if (outward(g, a, n->tree) == 0) continue;
    struct node *m = &g->nodes[g->arcs[a].head];
    if (m->tree == TREE_FREE) {
      m->tree = n->tree;
      m->parent = a ^ 1;
      m->mark = n->mark;
      m->distance = n->distance + 1;
      activate(g, g->arcs[a].head);
    } else if (m->tree != n->tree) {
      return n->tree == TREE_SOURCE ? a : a ^ 1;
    } else if (m->mark <= n->mark && m->distance > n->distance + 1) {
      m->parent = a ^ 1; /* a shorter way to the terminal */
      m->mark = n->mark;
      m->distance = n->distance + 1;
    }
  }
  return NONE;
}

static int64_t bottleneck(const struct max_flow *g, int32_t i, int64_t least) {
  int tree = g->nodes[i].tree;
  while (g->nodes[i].parent != TERMINAL) {
    int32_t up = g->nodes[i].parent;
    int32_t r = g->arcs[tree == TREE_SOURCE ? up ^ 1 : up].residual;
    if (r < least) least = r;
    i = g->arcs[up].head;
  }
  int64_t t = g->nodes[i].terminal;
  if (t < 0) t = -t;
  return t < least ? t : least;
}

static void push_along_tree(struct max_flow *g, int32_t i, int64_t amount) {
  int tree = g->nodes[i].tree;
  int32_t f = (int32_t)amount;
  while (g->nodes[i].parent != TERMINAL) {
    int32_t up = g->nodes[i].parent;
    int32_t along = tree == TREE_SOURCE ? up ^ 1 : up;
    g->arcs[along].residual -= f;
    g->arcs[along ^ 1].residual += f;
    if (g->arcs[along].residual == 0) orphan_push(g, i, 1);
    i = g->arcs[up].head;
  }
  g->nodes[i].terminal += tree == TREE_SOURCE ? -amount : amount;
  if (g->nodes[i].terminal == 0) orphan_push(g, i, 1);
}

static void augment(struct max_flow *g, int32_t bridge) {
  int32_t s = g->arcs[bridge ^ 1].head, t = g->arcs[bridge].head;
  int64_t amount = g->arcs[bridge].residual;
  amount = bottleneck(g, s, amount);
  amount = bottleneck(g, t, amount);
  g->arcs[bridge].residual -= (int32_t)amount;
  g->arcs[bridge ^ 1].residual += (int32_t)amount;
  push_along_tree(g, s, amount);
  push_along_tree(g, t, amount);
  g->flow += amount;
}

/* Distance of node j to its terminal, INT32_MAX when it hangs on an orphan; marks the way. */
static int32_t origin_distance(struct max_flow *g, int32_t j) {
  int32_t d = 0;
  for (int32_t k = j;; k = g->arcs[g->nodes[k].parent].head) {
    struct node *n = &g->nodes[k];
    if (n->mark == g->time) {
      d += n->distance;
      break;
    }
    int32_t up = n->parent;
    d++;
    if (up == TERMINAL) {
      n->mark = g->time;
      n->distance = 1;
      break;
    }
    if (up == ORPHAN || up == NONE) return INT32_MAX;
  }
  int32_t left = d;
  for (int32_t k = j; g->nodes[k].mark != g->time; k = g->arcs[g->nodes[k].parent].head) {
    g->nodes[k].mark = g->time;
    g->nodes[k].distance = left--;
  }
  return d;
}

static void release(struct max_flow *g, int32_t i) {
  struct node *n = &g->nodes[i];
  for (int32_t a = n->first; a != NONE; a = g->arcs[a].next) {
    int32_t j = g->arcs[a].head;
    struct node *m = &g->nodes[j];
    if (m->tree != n->tree || m->parent == NONE) continue;
    if (outward(g, a ^ 1, n->tree)) activate(g, j);
    if (m->parent >= 0 && g->arcs[m->parent].head == i) orphan_push(g, j, 0);
  }
  n->tree = TREE_FREE;
  n->parent = NONE;
}

/* Find a new parent for an orphan, nearest to the terminal; free it when there is none. */
static void adopt(struct max_flow *g, int32_t i) {
  struct node *n = &g->nodes[i];
  int32_t best = NONE, nearest = INT32_MAX;
  for (int32_t a = n->first; a != NONE; a = g->arcs[a].next) {
    const struct node *m = &g->nodes[g->arcs[a].head];
    if (m->tree != n->tree || m->parent == NONE || outward(g, a ^ 1, n->tree) == 0) continue;
    int32_t d = origin_distance(g, g->arcs[a].head);
    if (d < nearest) {
      nearest = d;
      best = a;
    }
  }
  if (best == NONE) {
    release(g, i);
    return;
  }
  n->parent = best;
  n->mark = g->time;
  n->distance = nearest + 1;
}

static void start_trees(struct max_flow *g) {
  g->active_first = g->active_last = NONE;
  for (int32_t i = 0; i < g->node_count; i++) {
    struct node *n = &g->nodes[i];
    if (n->terminal == 0) continue;
    n->tree = n->terminal > 0 ? TREE_SOURCE : TREE_SINK;
    n->parent = TERMINAL;
    n->distance = 1;
    activate(g, i);
  }
}

int64_t max_flow_solve(struct max_flow *g) {
  start_trees(g);
  for (int32_t i; (i = active_node(g)) != NONE;) {
    int32_t bridge = grow(g, i);
    if (bridge == NONE) {
      deactivate_first(g);
      continue;
    }
    g->time++; /* marks made before may be stale now */
    augment(g, bridge);
    while (g->orphan_count) {
      int32_t o = g->orphans[g->orphan_first];
      g->orphan_first = g->orphan_first + 1 == g->node_count ? 0 : g->orphan_first + 1;
      g->orphan_count--;
      adopt(g, o);
    }
  }
  return g->flow;
}

bool max_flow_on_source(const struct max_flow *g, int32_t node) {
  return g->nodes[node].tree == TREE_SOURCE;
}
