/* Texts and numbers that belong to an array, a group or the store. */
#include "core/store_hdf5.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An object that carries attributes; a missing one is made as a group when writing. */
static status open_object(hid_t *object, const struct store *s, const char *name, int make) {
  status st = ST_OK;
  char whole[512];
  store_quiet();
  CHECK(s->file >= 0, ST_IO, "reading a store that is closed");
  if (make && name[0] && !store_has(s, name)) {
    snprintf(whole, sizeof whole, "%s/", name);
    store_make_groups(s->file, whole);
  }
  CHECK(!name[0] || store_has(s, name), ST_FORMAT, "reading store %s: it has no \"%s\"", s->path,
        name);
  *object = H5Oopen(s->file, name[0] ? name : "/", H5P_DEFAULT);
  CHECK(*object >= 0, ST_EXTERNAL, "opening \"%s\" of store %s: %s", name, s->path, store_why());
done:
  return st;
}

static status set_attribute(struct store *s, const char *name, const char *key, hid_t stored,
                            hid_t given, const void *value) {
  status st = ST_OK;
  hid_t object = H5I_INVALID_HID, space = H5I_INVALID_HID, attribute = H5I_INVALID_HID;
  CHECK(s->writable, ST_IO, "storing attribute %s: the store is not open for writing", key);
  TRY(open_object(&object, s, name, 1));
  if (H5Aexists(object, key) > 0) H5Adelete(object, key);
  space = H5Screate(H5S_SCALAR);
  attribute = H5Acreate2(object, key, stored, space, H5P_DEFAULT, H5P_DEFAULT);
  CHECK(attribute >= 0 && H5Awrite(attribute, given, value) >= 0, ST_IO,
        "storing attribute %s of \"%s\": %s", key, name, store_why());
done:
  if (attribute >= 0) H5Aclose(attribute);
  if (space >= 0) H5Sclose(space);
  if (object >= 0) H5Oclose(object);
  return st;
}

static hid_t text_type(void) {
  hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE); /* a fixed one beyond 64 KiB does not fit an attribute */
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

status store_set_text(struct store *s, const char *name, const char *key, const char *value) {
  hid_t type = text_type();
  status st = set_attribute(s, name, key, type, type, &value);
  H5Tclose(type);
  return st;
}

status store_set_number(struct store *s, const char *name, const char *key, double value) {
  return set_attribute(s, name, key, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

static status open_attribute(hid_t *attribute, const struct store *s, const char *name,
                             const char *key) {
  status st = ST_OK;
  hid_t object = H5I_INVALID_HID;
  TRY(open_object(&object, s, name, 0));
  CHECK(H5Aexists(object, key) > 0, ST_FORMAT, "reading store %s: \"%s\" has no attribute \"%s\"",
        s->path, name, key);
  *attribute = H5Aopen(object, key, H5P_DEFAULT);
  CHECK(*attribute >= 0, ST_FORMAT, "reading store %s: attribute %s: %s", s->path, key,
        store_why());
done:
  if (object >= 0) H5Oclose(object);
  return st;
}

static status read_text(hid_t attribute, hid_t type, char *out, size_t size, const char *key) {
  status st = ST_OK;
  char *owned = NULL;
  hid_t memory = text_type();
  bool variable = H5Tis_variable_str(type) > 0;
  if (variable) {
    CHECK(H5Aread(attribute, memory, &owned) >= 0, ST_FORMAT, "reading attribute %s: %s", key,
          store_why());
  } else {
    size_t n = H5Tget_size(type);
    owned = calloc(n + 1, 1);
    CHECK(owned, ST_MEMORY, "reading attribute %s", key);
    CHECK(H5Aread(attribute, type, owned) >= 0, ST_FORMAT, "reading attribute %s: %s", key,
          store_why());
  }
  CHECK(strlen(owned ? owned : "") < size, ST_FORMAT,
        "reading attribute %s: %zu bytes, at most %zu", key, strlen(owned), size - 1);
  snprintf(out, size, "%s", owned ? owned : "");
done:
  H5Tclose(memory);
  if (variable)
    H5free_memory(owned);
  else
    free(owned);
  return st;
}

status store_get_text(const struct store *s, const char *name, const char *key, char *out,
                      size_t size) {
  status st = ST_OK;
  hid_t attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;
  TRY(open_attribute(&attribute, s, name, key));
  type = H5Aget_type(attribute);
  CHECK(H5Tget_class(type) == H5T_STRING, ST_FORMAT, "reading store %s: attribute %s is not a text",
        s->path, key);
  TRY(read_text(attribute, type, out, size, key));
done:
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  return st;
}

status store_get_number(const struct store *s, const char *name, const char *key, double *out) {
  status st = ST_OK;
  hid_t attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;
  double value = 0;
  TRY(open_attribute(&attribute, s, name, key));
  type = H5Aget_type(attribute);
  H5T_class_t class = H5Tget_class(type);
  CHECK(class == H5T_FLOAT || class == H5T_INTEGER, ST_FORMAT,
        "reading store %s: attribute %s is not a number", s->path, key);
  CHECK(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0, ST_FORMAT, "reading attribute %s: %s",
        key, store_why());
  *out = value;
done:
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
  return st;
}
