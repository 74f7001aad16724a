# Run by `cmake --install`: pkg-config files and the CMake package of libqct, for the prefix in use.
# Given: source, library (the built shared library), soname, version, readelf, work (a folder).
execute_process(COMMAND ${readelf} -d ${library} OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "[" "<" dynamic "${dynamic}") # a bracket would hold a list's elements together
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*<[^]\n]*" lines "${dynamic}")
set(needs)
foreach(line ${lines})
  string(REGEX REPLACE ".*<" "" file "${line}")
  if(NOT file MATCHES "^(ld-linux|libc\\.so)")
    list(APPEND needs -l:${file})
  endif()
endforeach()
list(JOIN needs " " needs_line)
foreach(name qct.pc qct-static.pc qctConfig.cmake)
  configure_file(${source}/cmake/${name}.in ${work}/${name} @ONLY)
endforeach()
file(INSTALL ${work}/qct.pc ${work}/qct-static.pc DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/pkgconfig)
file(INSTALL ${work}/qctConfig.cmake DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/cmake/qct)
