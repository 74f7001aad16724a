# PETSc's direct solver spends its time in BLAS: with the reference library the same factorisation took
# nine times as long as with OpenBLAS. The library is chosen at run time (Debian alternatives), so this
# looks at what libblas.so.3 points to and says what to do when it is the slow one.
function(qct_check_blas)
  find_library(QCT_BLAS_RUNTIME NAMES libblas.so.3 blas)
  mark_as_advanced(QCT_BLAS_RUNTIME)
  if(NOT QCT_BLAS_RUNTIME)
    return()
  endif()
  file(REAL_PATH ${QCT_BLAS_RUNTIME} blas_file)
  if(blas_file MATCHES "openblas|blis|mkl|atlas")
    message(STATUS "BLAS: ${blas_file}")
  else()
    message(WARNING "BLAS is the reference library (${blas_file}): finite element direct solves will be "
      "several times slower. Remedy: apt-get install libopenblas-dev, or choose OpenBLAS with "
      "update-alternatives --config libblas.so.3-x86_64-linux-gnu")
  endif()
endfunction()
