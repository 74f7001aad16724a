#!/bin/bash
# The include lines and the heavy libraries stay where ARCHITECTURE.md puts them.
# usage: layers.sh SOURCE-FOLDER
set -u
cd "$1" || exit 1
methods='phantom calibration anatomy qct bodycomp radiomics fea ml'
bad=0
complain() { echo "$1"; bad=1; }

may_include() { # folder -> folders it may name
  case $1 in
  core) echo core ;;
  report) echo report core ;;
  study) echo "study report core $methods" ;;
  cli) echo "cli study report core $methods" ;;
  *) echo "$1 core" ;;
  esac
}

for folder in core report study cli $methods; do
  allowed=$(may_include "$folder")
  pattern=$(echo "$allowed" | tr ' ' '|')
  found=$(grep -nHE '^ *# *include +"' "$folder"/*.[ch] "$folder"/*.cc 2> /dev/null |
    grep -vE "include +\"($pattern)/")
  [ -z "$found" ] || complain "$folder may include only $allowed:
$found"
done

only_in() { # what, regex of the include, regex of permitted files
  local found
  found=$(grep -rnE "^ *# *include +[<\"]($2)" --include='*.[ch]' --include='*.cc' --include='*.hh' \
    core report study cli $methods | grep -vE "^($3):")
  [ -z "$found" ] || complain "$1 is named outside its place:
$found"
}
only_in ITK 'itk' 'core/itk_[^:]*\.(cc|h)|core/itk[^:]*\.hh'
only_in HDF5 'hdf5|H5' 'core/[^:]*'
only_in PETSc 'petsc' 'fea/module_[^:]*|fea/petsc[^:]*'
only_in Gmsh 'gmsh' 'fea/module_[^:]*|fea/gmsh[^:]*'
only_in LIBSVM 'libsvm|svm\.h' 'ml/[^:]*'
only_in libtorch 'torch|ATen|c10' 'ml/[^:]*'
only_in libpng 'png\.h' 'core/[^:]*'

# library folders never print, exit or prompt
found=$(grep -nE '(^|[^a-zA-Z_])(printf|puts|putchar|exit|abort|getchar|gets) *\(|(fprintf|fputs|fputc) *\([^;]*(stdout|stderr)' \
  $(for f in core report study $methods; do ls "$f"/*.c "$f"/*.cc 2> /dev/null; done) |
  grep -vE ':[0-9]+: *(\*|//|/\*)')
[ -z "$found" ] || complain "library folders never print or exit:
$found"
exit $bad
