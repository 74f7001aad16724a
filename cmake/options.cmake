# Flags shared by every target, and the one way a folder becomes a library.

add_library(qct_flags INTERFACE)
target_include_directories(qct_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(qct_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow
  $<$<COMPILE_LANGUAGE:C>:-Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla>
  $<$<COMPILE_LANGUAGE:C>:-fno-math-errno -fno-trapping-math>)
if(QCT_NATIVE)
  target_compile_options(qct_flags INTERFACE -march=native)
endif()
if(QCT_WERROR)
  target_compile_options(qct_flags INTERFACE -Werror)
endif()
if(QCT_SANITIZE AND NOT QCT_FUZZ)
  target_compile_options(qct_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                             -fno-omit-frame-pointer)
  target_link_options(qct_flags INTERFACE -fsanitize=address,undefined)
endif()
if(QCT_FUZZ)
  # C by clang, C++ by g++: the headers of Debian's ITK refuse clang
  target_compile_options(qct_flags INTERFACE $<$<COMPILE_LANGUAGE:C>:-fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow
    -fno-sanitize-recover=all -fno-omit-frame-pointer>)
endif()

find_package(OpenMP REQUIRED COMPONENTS C)
find_package(PkgConfig REQUIRED)

# qct_folder(NAME [libraries...]): a static library from the folder's *.c and *.cc, without the module files
# (module_*.c, module_*.cc), which the folder's CMakeLists.txt builds itself.
function(qct_folder name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/module_[^/]*$")
  list(SORT sources)
  if(NOT sources)
    return()
  endif()
  add_library(qct_${name} STATIC ${sources})
  target_link_libraries(qct_${name} PUBLIC qct_flags OpenMP::OpenMP_C m)
  target_link_libraries(qct_${name} PUBLIC ${ARGN})
endfunction()

# A line of the summary at the end: is the module built?
include(FeatureSummary)
function(qct_feature name target description)
  set(built OFF)
  if(TARGET ${target})
    set(built ON)
  endif()
  add_feature_info(${name} built ${description})
endfunction()
