// labels: method
/* Meshes in other programs' forms: what is written is read back; CalculiX (Debian package
 * calculix-ccx) gives the same reactions for every kind of element; malformed files are refused. */
#include "tests/check.h"

#include "core/file.h"
#include "fea/block_mesh.h"
#include "fea/mesh_file.h"
#include "fea/mesh_solve.h"
#include "fea/shape.h"

/* A quarter of a thick tube, so that 10-node elements are curved. */
static struct vec3 bend(struct vec3 at, const void *context) {
  (void)context;
  const double r = 10 + 6 * at.x, t = 1.2 * at.y;
  return vec3_make(r * cos(t), r * sin(t), 9 * at.z);
}

/* Three materials, held below, sheared and pressed above, with a force. */
static struct fea_mesh *tube(enum fea_element element) {
  struct fea_mesh *m = NULL;
  assert_ok(fea_block_mesh(&m, element, 2, 3, 3, bend, NULL, 3000));
  for (int64_t e = 0; e < m->element_count; e++) {
    static const double young[3] = {200, 3000.5, 15000};
    m->modulus[e] = young[e % 3];
    if (e % 5 == 0) m->part[e] = FEA_CAP;
  }
  for (int a = 0; a < 3; a++) assert_ok(fea_mesh_fix_plane(m, 2, 0, a, 0));
  assert_ok(fea_mesh_fix_plane(m, 2, 9, 2, -0.05));
  assert_ok(fea_mesh_fix_plane(m, 2, 9, 0, 0.02));
  int64_t loaded = -1;
  for (int64_t n = 0; n < m->node_count; n++)
    if (fabs(m->points[3 * n + 2] - 3) < 1e-9 && loaded < 0) loaded = n;
  assert_ok(fea_mesh_load(m, loaded, 1, 40));
  return m;
}

static void read_total(const char *data, const char *set, double force[3]) {
  char name[48];
  snprintf(name, sizeof name, "set %s ", set);
  const char *at = strstr(data, name);
  assert_non_null(at);
  at = strchr(at, '\n');
  assert_int_equal(sscanf(at, "%lf %lf %lf", &force[0], &force[1], &force[2]), 3);
}

static void calculix_gives_the_same_reactions_for_every_element(void **state) {
  (void)state;
  if (system("command -v ccx > /dev/null 2>&1")) {
    print_message("skipped: the program ccx is not there\n");
    skip();
  }
  for (int e = FEA_TET4; e <= FEA_HEX8; e++) {
    struct fea_mesh *m = tube((enum fea_element)e);
    struct fea_mesh_solution *s = NULL;
    char *data = NULL;
    size_t length;
    double force[3], top[3];
    assert_ok(fea_inp_write(m, "mesh_job.inp", true));
    assert_int_equal(system("OMP_NUM_THREADS=1 ccx mesh_job > mesh_job.out 2>&1"), 0);
    assert_ok(file_read(&data, &length, "mesh_job.dat", 0));
    assert_ok(fea_mesh_solve(&s, m, NULL));
    fea_mesh_plane_reaction(s, m, 2, 9, top);
    read_total(data, "FIX_X_4", force); /* sets by first appearance: x y z below, z, x above */
    assert_close(top[0], force[0], 1e-4);
    read_total(data, "FIX_Z_3", force);
    assert_close(top[2], force[2], 1e-4);
    read_total(data, "FIX_Y_1", force);
    assert_close(s->reaction_sum[1], force[1], 1e-4);
    assert_near(force[1], -40, 0.01);
    free(data);
    fea_mesh_solution_destroy(s);
    fea_mesh_destroy(m);
  }
  (void)system("rm -f mesh_job.*");
}

/* CalculiX reads 20 characters of a field: -6.32151388937352e-05 would become -6.3. */
static void no_number_of_a_job_is_longer_than_calculix_reads(void **state) {
  (void)state;
  struct fea_mesh *m = tube(FEA_TET10);
  char *data = NULL;
  size_t length, field = 0, longest = 0;
  m->points[0] = -6.32151388937352e-05;
  m->points[1] = -1.23456789012345678e-101;
  m->modulus[0] = 1.0 / 3e7;
  assert_ok(fea_inp_write(m, "mesh_long.inp", true));
  assert_ok(file_read(&data, &length, "mesh_long.inp", 0));
  for (size_t i = 0; i < length; i++) {
    if (data[i] == '*') i += strcspn(data + i, "\n"); /* keywords may be longer */
    field = i < length && !strchr(", \n", data[i]) ? field + 1 : 0;
    if (field > longest) longest = field;
  }
  assert_in_range(longest, 15, 20);
  free(data);
  fea_mesh_destroy(m);
  remove("mesh_long.inp");
}

static void same_mesh(const struct fea_mesh *a, const struct fea_mesh *b, double tolerance) {
  assert_int_equal(a->element, b->element);
  assert_int_equal(a->node_count, b->node_count);
  assert_int_equal(a->element_count, b->element_count);
  for (int64_t i = 0; i < 3 * a->node_count; i++)
    assert_near(a->points[i], b->points[i], tolerance);
}

static void what_is_written_is_read_back(void **state) {
  (void)state;
  static const char *const files[] = {"mesh_back.vtu", "mesh_back.msh", "mesh_back.inp"};
  for (int e = FEA_TET4; e <= FEA_HEX8; e++)
    for (int f = 0; f < 3; f++) {
      struct fea_mesh *m = tube((enum fea_element)e), *back = NULL;
      struct fea_mesh_numbers n;
      assert_ok(fea_mesh_write(m, NULL, 0, files[f], true));
      assert_ok(fea_mesh_read(&back, &n, files[f]));
      same_mesh(back, m, f == 2 ? 1e-11 : 1e-12); /* .inp: 13 digits */
      /* elements by their number there: .inp and .msh sort by material and part */
      for (int64_t i = 0; i < m->element_count; i++) {
        const int64_t own = n.element[i] - (f ? 1 : 0), per = fea_element_nodes(m->element);
        assert_memory_equal(back->nodes + per * i, m->nodes + per * own, (size_t)per * 4);
        if (f < 2) assert_int_equal(back->part[i], m->part[own]);
        if (f == 0) assert_true(back->modulus[i] == m->modulus[own]);
      }
      if (f == 0) { /* VTU holds the whole model */
        assert_int_equal(back->support_count, m->support_count);
        struct fea_mesh_solution *s[2] = {NULL};
        assert_ok(fea_mesh_solve(&s[0], m, NULL));
        assert_ok(fea_mesh_solve(&s[1], back, NULL));
        assert_close(s[1]->energy_nmm, s[0]->energy_nmm, 1e-9);
        for (int i = 0; i < 2; i++) fea_mesh_solution_destroy(s[i]);
      }
      fea_mesh_numbers_clear(&n);
      fea_mesh_destroy(back);
      fea_mesh_destroy(m);
      remove(files[f]);
    }
}

/* Gmsh numbers edge 23 before 13; a file in its order must give a mesh with positive Jacobians. */
static void gmsh_order_of_the_ten_node_tetrahedron_is_turned(void **state) {
  (void)state;
  static const char text[] =
      "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$Nodes\n1 10 1 10\n3 1 0 "
      "10\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
      "0 0 0\n1 0 0\n0 1 0\n0 0 1\n.5 0 0\n.5 .5 0\n0 .5 0\n0 0 .5\n0 .5 .5\n.5 0 .5\n$EndNodes\n"
      "$Elements\n1 1 1 1\n3 1 11 1\n1 1 2 3 4 5 6 7 8 9 10\n$EndElements\n";
  struct fea_mesh *m = NULL;
  double x[FEA_ELEMENT_MOST][3];
  assert_ok(file_write("gmsh_order.msh", text, sizeof text - 1, true));
  assert_ok(fea_mesh_read(&m, NULL, "gmsh_order.msh"));
  fea_element_points(m, 0, x);
  assert_near(fea_least_jacobian(FEA_TET10, (const double(*)[3])x), 1, 1e-12);
  remove("gmsh_order.msh");
  fea_mesh_destroy(m);
}

static void moduli_go_into_a_job_and_every_other_line_stays(void **state) {
  (void)state;
  static const char text[] =
      "** made elsewhere\n*HEADING\nbone\n*NODE\n11, 0, 0, 0\n12, 1, 0, 0\n13, 0, 1, 0\n14, 0, 0, "
      "1\n"
      "15, 1, 1, 1\n*ELEMENT, TYPE=S3, ELSET=SKIN\n900, 11, 12, 13\n*Element, type=c3d4, "
      "elset=BONE\n"
      "501, 11, 12, 13,\n 14\n502, 15, 14, 13, 12\n*SOLID SECTION, ELSET=BONE, MATERIAL=OLD\n1.0\n"
      "*NSET, NSET=HOLD\n11, 12\n*STEP\n*STATIC\n*END STEP\n";
  struct fea_mesh *m = NULL;
  struct fea_mesh_numbers n;
  char *data = NULL;
  size_t length;
  assert_ok(file_write("mapped_from.inp", text, sizeof text - 1, true));
  assert_ok(fea_mesh_read(&m, &n, "mapped_from.inp"));
  assert_int_equal(m->element_count, 2);
  assert_int_equal(n.element[1], 502);
  m->modulus[0] = 100;
  m->modulus[1] = 200.5;
  assert_ok(fea_inp_insert_moduli(m, &n, 0, "mapped_from.inp", "mapped_to.inp", true));
  assert_ok(file_read(&data, &length, "mapped_to.inp", 0));
  for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
    char one[128];
    const size_t k = strcspn(line, "\n");
    snprintf(one, sizeof one, "%.*s\n", (int)k, line);
    assert_non_null(strstr(data, one)); /* the section's lines are there behind "** replaced: " */
  }
  assert_non_null(strstr(data, "\n** replaced: *SOLID SECTION, ELSET=BONE"));
  assert_non_null(
      strstr(data, "*ELSET, ELSET=QCT_1\n502,\n*MATERIAL, NAME=QCT_M1\n*ELASTIC\n200.5, "));
  assert_true(strstr(data, "QCT_M0") < strstr(data, "*STEP"));
  free(data);
  remove("mapped_from.inp");
  remove("mapped_to.inp");
  fea_mesh_numbers_clear(&n);
  fea_mesh_destroy(m);
}

static void refuse(const char *path, const char *text, status code, const char *words) {
  struct fea_mesh *m = NULL;
  assert_ok(file_write(path, text, strlen(text), true));
  assert_fails(fea_mesh_read(&m, NULL, path), code, words);
  assert_null(m);
  remove(path);
}

static void malformed_files_are_refused(void **state) {
  (void)state;
  refuse("bad.inp", "*NODE\n1,0,0,0\n*ELEMENT, TYPE=C3D20, ELSET=A\n1,1,1,1\n", ST_FORMAT,
         "type \"C3D20\"; read are C3D4");
  refuse("bad.inp", "*NODE\n1,0,0,0\n2,1,0\n", ST_FORMAT, "it ends at line 4");
  refuse("bad.inp", "*NODE\n1,0,0,0\n*ELEMENT, TYPE=C3D4\n7, 1, 2, 3, 4\n", ST_FORMAT,
         "element 7 names node 2, which is not there");
  refuse("bad.inp", "*NODE\n1,0,0,0\n1,1,0,0\n*ELEMENT, TYPE=C3D4\n7, 1, 1, 1, 1\n", ST_FORMAT,
         "node 1 stands twice");
  refuse("bad.inp", "*NODE\n1,0,0,zero\n", ST_FORMAT, "line 2 has \"zero");
  refuse("bad.inp", "*INCLUDE, INPUT=other.inp\n", ST_FORMAT, "includes another file");
  refuse("bad.inp", "*HEADING\nnothing\n", ST_DOMAIN, "0 nodes and 0 solid elements");
  refuse("bad.msh", "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n", ST_FORMAT, "format 2.2");
  refuse("bad.msh", "hello\n", ST_FORMAT, "not a Gmsh mesh");
  refuse("bad.msh", "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$Nodes\n1 2 1 2\n3 1 0 2\n1\n2\n0 0 0\n",
         ST_FORMAT, "truncated?");
  refuse("bad.vtu", "<VTKFile type=\"PolyData\">", ST_FORMAT, "no VTK UnstructuredGrid");
  refuse(
      "bad.vtu",
      "<VTKFile type=\"UnstructuredGrid\" compressor=\"vtkZLibDataCompressor\"><UnstructuredGrid>",
      ST_FORMAT, "compressed");
  refuse("bad.vtu",
         "<VTKFile type=\"UnstructuredGrid\"><UnstructuredGrid><Piece NumberOfPoints=\"4\" "
         "NumberOfCells=\"1\"><Points><DataArray type=\"Float64\" format=\"ascii\">0 0 0 1 0",
         ST_FORMAT, "truncated?");
  static const struct {
    const char *offsets, *types, *said;
  } cells[] = {{"1e56", "10", "array offsets has 1e+56 at place 0"},
               {"900 4", "5 10", "array offsets has 900 at place 0"},
               {"4 3", "5 10", "array offsets falls from 4 to 3 at place 1"},
               {"4 8", "10 -1", "array types has -1 at place 1"}};
  for (int i = 0; i < 4; i++) {
    char text[1024];
    snprintf(text, sizeof text,
             "<VTKFile type=\"UnstructuredGrid\"><UnstructuredGrid><Piece NumberOfPoints=\"4\" "
             "NumberOfCells=\"%d\"><Points><DataArray format=\"ascii\">0 0 0 1 0 0 0 1 0 0 0 1"
             "</DataArray></Points><Cells><DataArray Name=\"offsets\" format=\"ascii\">%s"
             "</DataArray><DataArray Name=\"types\" format=\"ascii\">%s</DataArray><DataArray "
             "Name=\"connectivity\" format=\"ascii\">0 1 2 3 0 1 2 3</DataArray></Cells></Piece>"
             "</UnstructuredGrid></VTKFile>",
             i ? 2 : 1, cells[i].offsets, cells[i].types);
    refuse("bad.vtu", text, ST_FORMAT, cells[i].said);
  }
  refuse("bad.stl", "solid", ST_USAGE, "suffix must be");
}

static void jobs_without_supports_or_with_too_many_moduli_are_refused(void **state) {
  (void)state;
  struct fea_mesh *m = tube(FEA_TET4);
  m->support_count = 0;
  assert_fails(fea_inp_write(m, "no_job.inp", true), ST_DOMAIN, "no supports");
  assert_fails(fea_feb_write(m, "no_job.feb", true), ST_DOMAIN, "no supports");
  fea_mesh_destroy(m);
  assert_ok(fea_block_mesh(&m, FEA_TET4, 10, 10, 10, NULL, NULL, 1));
  assert_ok(fea_mesh_fix_plane(m, 2, 0, 0, 0));
  for (int64_t e = 0; e < m->element_count; e++) m->modulus[e] = (double)(e + 1);
  assert_fails(fea_inp_write(m, "no_job.inp", true), ST_DOMAIN, "6000 different moduli");
  assert_ok(fea_mesh_bin(m, 30));
  assert_ok(fea_inp_write(m, "no_job.inp", true));
  remove("no_job.inp");
  fea_mesh_destroy(m);
}

/* Half of all elements share one modulus, as caps do, below those of the others: it stays. No other
 * moves by more than the ratio of a bin, and means keep the sum. */
static void bins_keep_the_mean_and_a_modulus_that_is_alone(void **state) {
  (void)state;
  enum { BINS = 30 };
  struct fea_mesh *m = NULL;
  double sum = 0;
  assert_ok(fea_block_mesh(&m, FEA_TET4, 10, 10, 10, NULL, NULL, 1));
  for (int64_t e = 0; e < m->element_count; e++) {
    m->modulus[e] = e % 2 ? 25 : 50 + (double)e;
    sum += m->modulus[e];
  }
  const double ratio = pow((50 + (double)(m->element_count - 2)) / 25, 1. / BINS);
  assert_ok(fea_mesh_bin(m, BINS));
  for (int64_t e = 0; e < m->element_count; e++) {
    const double was = e % 2 ? 25 : 50 + (double)e, moved = m->modulus[e] / was;
    assert_true(e % 2 ? moved == 1 : moved < ratio && moved > 1 / ratio);
    sum -= m->modulus[e];
  }
  assert_near(sum, 0, 1e-6); /* of 9e6 */
  fea_mesh_destroy(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calculix_gives_the_same_reactions_for_every_element),
      cmocka_unit_test(no_number_of_a_job_is_longer_than_calculix_reads),
      cmocka_unit_test(what_is_written_is_read_back),
      cmocka_unit_test(gmsh_order_of_the_ten_node_tetrahedron_is_turned),
      cmocka_unit_test(moduli_go_into_a_job_and_every_other_line_stays),
      cmocka_unit_test(malformed_files_are_refused),
      cmocka_unit_test(bins_keep_the_mean_and_a_modulus_that_is_alone),
      cmocka_unit_test(jobs_without_supports_or_with_too_many_moduli_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
