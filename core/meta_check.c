#include "core/meta_check.h"

#include "core/file.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

struct meta_header {
  bool compressed, text;
  long long skip;       /* HeaderSize: bytes before the data; -1: count from the end */
  char data_file[1024]; /* "LOCAL", or a file name */
  long end;             /* where the header ends */
};

/* "Key = value" lines up to and with ElementDataFile, which is always the last. */
static status parse_header(struct meta_header *h, FILE *f, const char *path) {
  status st = ST_OK;
  char line[4096], key[64], value[1024];
  memset(h, 0, sizeof *h);
  for (int n = 0; n < 1000 && fgets(line, sizeof line, f); n++) {
    if (sscanf(line, " %63[^ =] = %1023[^\r\n]", key, value) != 2) continue;
    if (!strcasecmp(key, "CompressedData")) h->compressed = !strncasecmp(value, "true", 4);
    if (!strcasecmp(key, "BinaryData")) h->text = !strncasecmp(value, "false", 5);
    if (!strcasecmp(key, "HeaderSize")) h->skip = strtoll(value, NULL, 10);
    if (strcasecmp(key, "ElementDataFile")) continue;
    snprintf(h->data_file, sizeof h->data_file, "%s", value);
    h->end = ftell(f);
    goto done;
  }
  FAIL(ST_FORMAT, "%s: no ElementDataFile line in its header", path);
done:
  return st;
}

/* Lines "Key = value" or "Key: value" up to ElementDataFile, of lengths that MetaIO's own buffers
 * hold: it copies a longer key past the end of them. */
static status check_lines(const char *head, const char *path) {
  enum { MOST_KEY = 100, MOST_VALUE = 1023 };
  static const char last[] = "ElementDataFile";
  status st = ST_OK;
  for (int n = 1; *head; n++) {
    const size_t length = strcspn(head, "\n"), blank = strspn(head, " \t\r");
    const char *key = head + (blank < length ? blank : length);
    const size_t word = strcspn(key, "=:\n");
    head += length;
    if (*key != '\n' && *key) {
      CHECK(key[word] == '=' || key[word] == ':', ST_FORMAT,
            "%s: line %d of its header is no \"Key = value\"", path, n);
      CHECK(word <= MOST_KEY && (size_t)(head - key) - word <= MOST_VALUE, ST_FORMAT,
            "%s: line %d of its header has a key of %zu and a value of %zu characters, at most %d "
            "and %d",
            path, n, word, (size_t)(head - key) - word, MOST_KEY, MOST_VALUE);
    }
    if (!strncmp(key, last, strlen(last))) goto done;
    if (*head) head++;
  }
  FAIL(ST_FORMAT, "%s: no %s line in its header", path, last);
done:
  return st;
}

status meta_header_check(const char *path) {
  enum { HEADER = 65536, MOST_AXES = 10 };
  static const char key[] = "NDims";
  status st = ST_OK;
  char *head = calloc(1, HEADER + 1);
  FILE *f = fopen(path, "rb");
  CHECK(head, ST_MEMORY, "%s: reading its header", path);
  CHECK(f, ST_IO, "%s: cannot be opened", path);
  size_t length = fread(head, 1, HEADER, f);
  for (size_t i = 0; i < length; i++)
    if (!head[i]) head[i] = ' '; /* voxels may follow */
  TRY(check_lines(head, path));
  CHECK(strstr(head, "ElementSpacing") || strstr(head, "ElementSize"), ST_FORMAT,
        "%s: its header states no size of the voxels; write it with ElementSpacing", path);
  for (const char *at = strstr(head, key); at; at = strstr(at, key)) {
    at += strlen(key);
    const char *number = at + strspn(at, " =:\t\r\n"); /* what MetaIO takes for a separator */
    char *end;
    double axes = strtod(number, &end);
    CHECK(end == number || (axes >= 1 && axes <= MOST_AXES), ST_FORMAT,
          "%s: its header states %g axes, at most %d", path, axes, MOST_AXES);
  }
done:
  if (f) fclose(f);
  free(head);
  return st;
}

/* Bytes that the zlib (or gzip) stream at the file's position unpacks to; -1 when damaged. */
static int64_t unpacked_bytes(FILE *f, int64_t stop) {
  static const size_t piece = 1 << 18;
  unsigned char *in = malloc(piece), *out = malloc(piece);
  z_stream z = {0};
  int64_t total = 0;
  int code = in && out ? inflateInit2(&z, 15 + 32) : Z_MEM_ERROR;
  while (code == Z_OK && total <= stop) {
    if (!z.avail_in) {
      z.avail_in = (unsigned)fread(in, 1, piece, f);
      z.next_in = in;
    }
    z.next_out = out;
    z.avail_out = (unsigned)piece;
    code = inflate(&z, Z_NO_FLUSH);
    total += (int64_t)(piece - z.avail_out);
  }
  inflateEnd(&z);
  free(in);
  free(out);
  return code == Z_STREAM_END || total > stop ? total : -1;
}

/* Numbers from the file's position on, up to so many; MetaIO stops at a word that is none and
 * leaves what follows as it was: the word goes to `other`. */
static int64_t count_numbers(FILE *f, int64_t most, char other[64]) {
  int64_t n = 0;
  other[0] = 0;
  while (n < most && fscanf(f, "%63s", other) == 1) {
    char *end;
    double value = strtod(other, &end);
    if (*end || !isfinite(value)) return n;
    n++;
    other[0] = 0;
  }
  return n;
}

static status check_text(FILE *data, const struct meta_header *h, int64_t voxels,
                         const char *path) {
  status st = ST_OK;
  char other[64];
  CHECK(!h->compressed, ST_UNSUPPORTED,
        "%s: its voxels are compressed text; write it with BinaryData = True", path);
  int64_t have = count_numbers(data, voxels, other);
  CHECK(have >= voxels || !other[0], ST_FORMAT,
        "%s: its voxels are text, and after %lld numbers of %lld comes a word that is none", path,
        (long long)have, (long long)voxels);
  CHECK(have >= voxels, ST_FORMAT,
        "%s: its voxels are text and were cut short: %lld numbers where %lld are expected", path,
        (long long)have, (long long)voxels);
done:
  return st;
}

status meta_data_check(const char *path, int64_t voxels, int64_t component_bytes) {
  status st = ST_OK;
  struct meta_header h;
  int64_t expected = voxels * component_bytes;
  char data_path[4096];
  FILE *header = fopen(path, "rb"), *data = NULL;
  CHECK(header, ST_IO, "%s: cannot be opened", path);
  TRY(parse_header(&h, header, path));
  CHECK(strncasecmp(h.data_file, "LIST", 4) && !strchr(h.data_file, '%'), ST_UNSUPPORTED,
        "%s: its voxels are spread over several files; convert it to one .mha first", path);
  bool local = !strcasecmp(h.data_file, "LOCAL");
  int n = snprintf(data_path, sizeof data_path, "%.*s%s", (int)(file_name(path) - path), path,
                   h.data_file);
  CHECK(n > 0 && (size_t)n < sizeof data_path, ST_IO, "%s: path of its data file is too long",
        path);
  data = fopen(local ? path : data_path, "rb");
  CHECK(data, ST_IO, "%s: its data file %s cannot be opened", path, h.data_file);
  long begin = local ? h.end : h.skip > 0 ? (long)h.skip : 0;
  int64_t have = -1;
  if (h.text) {
    CHECK(!fseek(data, begin, SEEK_SET), ST_IO, "%s: %s cannot be read", path, h.data_file);
    TRY(check_text(data, &h, voxels, path));
    goto done;
  }
  if (h.compressed && !fseek(data, begin, SEEK_SET)) have = unpacked_bytes(data, expected);
  if (!h.compressed && !fseek(data, 0, SEEK_END)) have = (int64_t)ftell(data) - begin;
  CHECK(have >= expected, ST_FORMAT,
        "%s: its voxel data are cut short or damaged: %lld bytes where %lld are expected", path,
        (long long)(have < 0 ? 0 : have), (long long)expected);
done:
  if (header) fclose(header);
  if (data) fclose(data);
  return st;
}
