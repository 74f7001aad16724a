#define _POSIX_C_SOURCE 200809L
#include "core/file.h"
#include "core/parallel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libmd's headers use BSD integer names */
#include <sys/types.h>

#include <sha2.h>

enum { HEX = 65, FOLDER_LIMIT = 200000 };

static void to_hex(char hex[HEX], const uint8_t digest[SHA256_DIGEST_LENGTH]) {
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < SHA256_DIGEST_LENGTH; i++) {
    hex[2 * i] = digits[digest[i] >> 4];
    hex[2 * i + 1] = digits[digest[i] & 15];
  }
  hex[HEX - 1] = '\0';
}

void bytes_sha256(char hex[65], const void *data, size_t length) {
  SHA2_CTX context;
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256Init(&context);
  if (length) SHA256Update(&context, data, length);
  SHA256Final(digest, &context);
  to_hex(hex, digest);
}

/* errno, 0 when well; sets no message, so that it may run inside a parallel loop */
static int digest_stream(char hex[HEX], const char *path) {
  FILE *in = fopen(path, "rb");
  if (!in) return errno ? errno : EIO;
  SHA2_CTX context;
  uint8_t digest[SHA256_DIGEST_LENGTH], block[32768];
  SHA256Init(&context);
  for (size_t got = fread(block, 1, sizeof block, in); got; got = fread(block, 1, sizeof block, in))
    SHA256Update(&context, block, got);
  int failed = ferror(in) ? EIO : 0;
  fclose(in);
  SHA256Final(digest, &context);
  to_hex(hex, digest);
  return failed;
}

static int compare_digests(const void *a, const void *b) {
  return memcmp(a, b, HEX);
}

static status digest_folder(char hex[HEX], const char *folder) {
  status st = ST_OK;
  char **paths = NULL;
  size_t count = 0;
  char(*digests)[HEX] = NULL;
  TRY(file_list(&paths, &count, folder, FOLDER_LIMIT));
  digests = calloc(count ? count : 1, sizeof *digests);
  CHECK(digests, ST_MEMORY, "digest of a folder of %zu files", count);
  int failed = 0;
#pragma omp parallel for num_threads(parallel_threads()) schedule(dynamic) reduction(max : failed)
  for (size_t i = 0; i < count; i++) {
    int e = digest_stream(digests[i], paths[i]);
    if (e > failed) failed = e;
  }
  CHECK(!failed, ST_IO, "digest of folder %s: %s", folder, strerror(failed));
  qsort(digests, count, sizeof *digests, compare_digests);
  bytes_sha256(hex, digests, count * sizeof *digests);
done:
  free(digests);
  file_list_free(paths, count);
  return st;
}

status file_sha256(char hex[65], const char *path) {
  status st = ST_OK;
  if (file_is_directory(path)) return digest_folder(hex, path);
  int failed = digest_stream(hex, path);
  CHECK(!failed, ST_IO, "digest of %s: %s", path, strerror(failed));
done:
  return st;
}
