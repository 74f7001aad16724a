#!/bin/bash
# Radiomics on the 3.2 million voxel reference region against the targets, with the values that prove equal
# work (pyradiomics' C routines on the same bytes, one core: five textures 2.64 s, shape 25.6 s).
# usage: benchmarks/radiomics.sh      needs python3-numpy; times are processor seconds of the whole command
set -e
here=$(dirname "$(realpath "$0")")
PATH=$here/../build/bin:$PATH
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
python=python3
"$python" -c 'import numpy' 2> /dev/null || python=/usr/bin/python3
"$python" "$here/radiomics.py" "$dir/v.nii" "$dir/m.nii"
"$python" "$here/radiomics.py" "$dir/cube.nii" "$dir/cubemask.nii" 64

measure() { # name, limit s, command...
  local name=$1 limit=$2
  shift 2
  /usr/bin/time -f '%U %e %M' -o "$dir/time" "$@" -q --force > /dev/null 2> "$dir/err" || { cat "$dir/err"; exit 1; }
  read -r user wall memory < "$dir/time"
  awk -v n="$name" -v u="$user" -v w="$wall" -v l="$limit" -v m="$memory" \
    'BEGIN { printf "%-44s %8.2f %8.2f %8s %8.0f\n", n, u, w, l, m / 1024 }'
  case $name in five*32*) echo "= radiomics, 3.2 million voxels: five textures, one thread | $user s | pyradiomics' C routines 2.64 s" ;;
    shape*) echo "= radiomics: shape with four diameters, one thread | $user s | pyradiomics' C routines 25.6 s" ;; esac
}
value() { # feature aggregation file
  grep ",$1,[^,]*,$2," "$3" | cut -d, -f9
}

extract=(qct radiomics extract "$dir/v.nii" "$dir/m.nii" --bins fbn)
printf '%-44s %8s %8s %8s %8s\n' 'with reading the files' 'cpu s' 'wall s' 'limit s' 'peak MB'
measure 'five textures, 32 bins, 1 thread' 1.3 "${extract[@]}" --families glcm,glrlm,glszm,ngldm,ngtdm -j 1 --out "$dir/t.csv"
measure 'five textures, 64 bins, 1 thread' 1.3 "${extract[@]}" --bin-count 64 --families glcm,glrlm,glszm,ngldm,ngtdm -j 1 --out "$dir/t64.csv"
measure 'shape with four diameters, 1 thread' 1.5 "${extract[@]}" --convention pyradiomics --families morphology --skip-spatial -j 1 --out "$dir/s.csv"
measure 'all families, six aggregations, 2 threads' 5 "${extract[@]}" --aggregations all --skip-spatial --skip-global-peak -j 2 --out "$dir/a.csv"
measure 'with exact Moran, Geary and global peak' 12 "${extract[@]}" --aggregations all -j 2 --out "$dir/b.csv"
measure 'co-occurrence map, 60^3 region, 3^3 box' seconds qct radiomics map "$dir/cube.nii" "$dir/cubemask.nii" --tags cm_contrast --bins fbn -j 2 --out "$dir/map.nii.gz"

printf '\n%-28s %18s %18s\n' 'equal work (32 bins)' qct pyradiomics
printf '%-28s %18s %18s\n' 'GLCM contrast, merged' "$(value cm_contrast 3D_merged "$dir/t.csv")" 2.756513805
printf '%-28s %18s %18s\n' 'GLCM joint entropy' "$(value cm_joint_entr 3D_merged "$dir/t.csv")" 6.488869701
printf '%-28s %18s %18s\n' 'GLRLM short run emphasis' "$(value rlm_sre 3D_merged "$dir/t.csv")" 0.821896604
printf '%-28s %18s %18s\n' 'GLSZM large zone emphasis' "$(value szm_lze 3D "$dir/t.csv")" 27549980.27
printf '%-28s %18s %18s\n' 'NGTDM coarseness' "$(value ngt_coarseness 3D "$dir/t.csv")" 8.994426e-06
printf '%-28s %18s %18s\n' 'NGLDM high dependence' "$(value ngl_hde 3D "$dir/t.csv")" 65.68706929
printf '%-28s %18s %18s\n' 'mesh volume [mm3]' "$(value morph_volume 3D "$dir/s.csv")" 400184.9
printf '%-28s %18s %18s\n' 'largest diameter [mm]' "$(value morph_diam 3D "$dir/s.csv")" 115.678
