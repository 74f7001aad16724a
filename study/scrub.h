/* Taking paths out of a message: a path or file name may be a person's name. */
#ifndef QCT_STUDY_SCRUB_H
#define QCT_STUDY_SCRUB_H

#include <stddef.h>

/**
 * Replace each mention of `path`, what follows it after a '/', its last part, and an image with
 * another suffix (its side file, its raw data) by <role>; if it is a folder, each name of a file
 * below it by <file N>, N in the order of names.
 */
void scrub_path(char *text, size_t size, const char *path, const char *role);
/** Replace what else lies in the folder of `path`; after scrub_path of all paths that have a role.
 */
void scrub_folder(char *text, size_t size, const char *path);

#endif
