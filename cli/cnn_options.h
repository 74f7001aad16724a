/* Options that every network command shares. */
#ifndef QCT_CLI_CNN_OPTIONS_H
#define QCT_CLI_CNN_OPTIONS_H

#include "cli/command.h"

#define DEVICE_OPTION(T, m)                                                                        \
  OPT_TEXT(T, m, "device", "auto, cpu, cuda or cuda:N; the choice and its reason are printed")

#endif
