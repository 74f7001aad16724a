# The module qct_cnn_torch.so, alone: from ml/CMakeLists.txt, or by -DQCT_ONLY_CNN=ON without the rest.
if(TARGET qct_torch)
  add_library(cnn_torch MODULE
    ${CMAKE_SOURCE_DIR}/ml/module_torch.cc ${CMAKE_SOURCE_DIR}/ml/module_torch_net.cc
    ${CMAKE_SOURCE_DIR}/ml/module_torch_train.cc ${CMAKE_SOURCE_DIR}/ml/module_torch_script.cc
    ${CMAKE_SOURCE_DIR}/ml/module_torch_map.cc)
  target_include_directories(cnn_torch PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_options(cnn_torch PRIVATE -Wall -Wextra -Wshadow)
  target_link_libraries(cnn_torch PRIVATE qct_torch)
  set_target_properties(cnn_torch PROPERTIES PREFIX "" OUTPUT_NAME qct_cnn_torch CXX_VISIBILITY_PRESET hidden
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  install(TARGETS cnn_torch LIBRARY DESTINATION lib/qct)
endif()
