# -DQCT_ONLY_CNN=ON: the network module and its self-test, for a machine with a CUDA libtorch and without the other
# libraries. A qct that was built elsewhere with the same source finds the module by QCT_MODULE_PATH.
include(cmake/torch.cmake)
if(QCT_TORCH_WHY)
  message(FATAL_ERROR "networks: ${QCT_TORCH_WHY}")
endif()
include(ml/module_torch.cmake)
add_executable(cnn_selftest benchmarks/cnn_selftest.c ml/cnn_torch.c core/module.c core/status.c core/random.c
  core/statistics.c core/distributions.c core/file.c core/parallel.c core/log.c)
find_package(OpenMP REQUIRED COMPONENTS C)
target_include_directories(cnn_selftest PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(cnn_selftest PRIVATE OpenMP::OpenMP_C m ${CMAKE_DL_LIBS})
target_compile_options(cnn_selftest PRIVATE -Wall -Wextra)
add_dependencies(cnn_selftest cnn_torch)
enable_testing()
add_test(NAME cnn_selftest COMMAND cnn_selftest)
