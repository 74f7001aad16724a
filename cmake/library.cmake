# libqct: all folders but the command line as one library, static and shared, with their headers, so
# that other programs build on them. The docs page is docs/library.md.
#
# Installed: lib/libqct.so.X.Y.Z, lib/libqct.a, include/qct/<folder>/*.h (include/qct is the include
# root), lib/pkgconfig/qct.pc and qct-static.pc, lib/cmake/qct.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(folders)
foreach(folder core phantom calibration anatomy qct bodycomp radiomics fea ml report study)
  if(TARGET qct_${folder})
    list(APPEND folders ${folder})
  endif()
endforeach()
set(objects ${folders})
list(TRANSFORM objects REPLACE "(.+)" "$<TARGET_OBJECTS:qct_\\1>")
set(archives ${folders})
list(TRANSFORM archives PREPEND "qct_")

# Before 1.0 a minor version may change the binary interface, so it is part of the soname.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(soversion ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
else()
  set(soversion ${PROJECT_VERSION_MAJOR})
endif()
add_library(libqct_static STATIC ${objects})
add_library(libqct_shared SHARED ${objects})
target_link_libraries(libqct_shared PRIVATE ${archives}) # for what these need
target_link_options(libqct_shared PRIVATE -Wl,--as-needed -Wl,-z,defs)
set_target_properties(libqct_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${soversion})
set_target_properties(libqct_static libqct_shared PROPERTIES OUTPUT_NAME qct LINKER_LANGUAGE CXX
  ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
install(TARGETS libqct_static libqct_shared LIBRARY DESTINATION lib ARCHIVE DESTINATION lib)

foreach(folder ${folders})
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.h)
  list(FILTER headers EXCLUDE REGEX "_template\\.h$")
  install(FILES ${headers} DESTINATION include/qct/${folder})
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/radiomics/features.def DESTINATION include/qct/radiomics) # part of features.h
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/library/version.h CONTENT
"/* The version these headers belong to; program_version() of core/provenance.h is the library's. */
#ifndef QCT_VERSION_H
#define QCT_VERSION_H
#define QCT_VERSION_MAJOR @PROJECT_VERSION_MAJOR@
#define QCT_VERSION_MINOR @PROJECT_VERSION_MINOR@
#define QCT_VERSION_PATCH @PROJECT_VERSION_PATCH@
#define QCT_VERSION_TEXT \"@PROJECT_VERSION@\"
#endif
" @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/library/version.h DESTINATION include/qct)

# What a program that links libqct.a must link besides is what the shared library asks for: read from
# it when it is installed.
install(CODE "
  set(source \"${CMAKE_SOURCE_DIR}\")
  set(library \"$<TARGET_FILE:libqct_shared>\")
  set(soname \"$<TARGET_SONAME_FILE_NAME:libqct_shared>\")
  set(version \"${PROJECT_VERSION}\")
  set(readelf \"${CMAKE_READELF}\")
  set(work \"${CMAKE_BINARY_DIR}/library\")
  include(\"${CMAKE_SOURCE_DIR}/cmake/library_install.cmake\")")
write_basic_package_version_file(${CMAKE_BINARY_DIR}/library/qctConfigVersion.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/library/qctConfigVersion.cmake DESTINATION lib/cmake/qct)
