# libtorch by its files: the packaged one, or the folder QCT_TORCH_DIR (with include/ and lib/: a
# downloaded libtorch, or site-packages/torch of a Python). Its own CMake files are not used because
# those of a CUDA build ask for nvcc, which this module does not need.
#
# Makes the target qct_torch, or leaves it out with the reason in QCT_TORCH_WHY.
set(QCT_TORCH_DIR "" CACHE PATH "folder of libtorch with include/ and lib/; empty: where the system has it")
set(QCT_TORCH_WHY "")
if(QCT_TORCH_DIR)
  set(only NO_DEFAULT_PATH)
endif()
find_path(QCT_TORCH_INCLUDE torch/script.h PATHS ${QCT_TORCH_DIR}/include ${only})
find_path(QCT_TORCH_API torch/version.h
  PATHS ${QCT_TORCH_INCLUDE}/torch/csrc/api/include NO_DEFAULT_PATH)
foreach(part torch torch_cpu c10)
  find_library(QCT_TORCH_LIB_${part} ${part} PATHS ${QCT_TORCH_DIR}/lib ${only})
  mark_as_advanced(QCT_TORCH_LIB_${part})
endforeach()
mark_as_advanced(QCT_TORCH_INCLUDE QCT_TORCH_API)
if(NOT QCT_TORCH_INCLUDE OR NOT QCT_TORCH_API OR NOT QCT_TORCH_LIB_torch OR NOT QCT_TORCH_LIB_torch_cpu
   OR NOT QCT_TORCH_LIB_c10)
  set(QCT_TORCH_WHY "libtorch not found (Debian: libtorch-dev; elsewhere -DQCT_TORCH_DIR=FOLDER)")
else()
  add_library(qct_torch INTERFACE)
  target_include_directories(qct_torch SYSTEM INTERFACE ${QCT_TORCH_INCLUDE} ${QCT_TORCH_API})
  get_filename_component(torch_lib ${QCT_TORCH_LIB_torch_cpu} DIRECTORY)
  target_link_libraries(qct_torch INTERFACE ${QCT_TORCH_LIB_torch} ${QCT_TORCH_LIB_torch_cpu} ${QCT_TORCH_LIB_c10})
  # the CUDA half registers itself when it is loaded: nothing refers to it, yet it must be linked
  foreach(part torch_cuda c10_cuda)
    if(EXISTS ${torch_lib}/lib${part}.so)
      target_link_options(qct_torch INTERFACE "SHELL:-Wl,--no-as-needed ${torch_lib}/lib${part}.so -Wl,--as-needed")
    endif()
  endforeach()
  if(QCT_TORCH_DIR)
    target_link_options(qct_torch INTERFACE -Wl,-rpath,${torch_lib} -Wl,--allow-shlib-undefined)
  endif()
  # which form of std::string was it built with?
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_INCLUDES ${QCT_TORCH_INCLUDE})
  set(CMAKE_REQUIRED_LIBRARIES ${QCT_TORCH_LIB_c10})
  set(CMAKE_REQUIRED_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=1 -Wl,--allow-shlib-undefined")
  check_cxx_source_compiles("
    #include <c10/core/Device.h>
    int main() { return c10::Device(std::string(\"cpu\")).index() > 0; }" QCT_TORCH_NEW_STRING)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LIBRARIES)
  unset(CMAKE_REQUIRED_FLAGS)
  if(NOT QCT_TORCH_NEW_STRING)
    target_compile_definitions(qct_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=0)
  endif()
endif()
