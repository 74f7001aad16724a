# From the rows of bench_interval: how far each figure is off over people. Rows of slices of 1 mm lie in folders z1_*, of 3 mm in
# z3_*. With -v table=1 lines of qct/hip_interval.def; else, with that file before the rows, how often 2.131 of its errors hold the
# truth, by slice and kind of figure.
function absolute(key) {
  return key ~ /_(neck_shaft_angle|head_radius|femoral_offset|femoral_axis_length)$/ || key ~ /_centroid_[gcw]$/ || key ~ /_(vbmd|bmc)_trabecular$/
}
function family(key) {
  if (key ~ /^femur_(neck_shaft|head_r|femoral)/) return "frame"
  if (key ~ /^projected_/) return "projection"
  if (key ~ /_cortical_(thickness|mass|density)/) return "cortex map"
  if (key ~ /bmc_per_length$/) return "sections, weighted"
  if (key ~ /_(vbmd|bmc|volume)_/) { sub(/.*_vbmd_.*/, "region densities", key); sub(/.*_bmc_.*/, "region contents", key); sub(/.*_volume_.*/, "region volumes", key); return key }
  if (key ~ /_w$/) return "sections, weighted"
  if (key ~ /_c$/) return "sections, cortical"
  if (key ~ /_g$/) return "sections, geometric"
  return "sections, widths"
}
BEGIN { FS = "," }
/^(SHARE|IN_UNIT)\(/ { # a line of the table
  split($0, part, /["(), ]+/)
  fine[part[2]] = part[3]; coarse[part[2]] = part[4]
  next
}
{
  key = $2; slice = $1 ~ /z3_/ ? 3 : 1
  if (key ~ /_(theta|ixy)_/ || key ~ /^outside_/ || $3 ~ /nan/ || $4 ~ /nan/ || $4 + 0 == 0) next
  error = absolute(key) ? $3 - $4 : $3 / $4 - 1
  if (table) {
    if (!((key, 1) in n) && !((key, 3) in n)) order[keys++] = key
    n[key, slice]++; square[key, slice] += error * error
    next
  }
  if (!(key in fine)) next
  size = error < 0 ? -error : error
  half = 2.131 * (slice == 3 ? coarse[key] : fine[key])
  if (!absolute(key)) half = half * $3 / $4 # a share of what is reported
  kind = sprintf("%-20s %d mm", family(key), slice)
  all[kind]++; held[kind] += size <= (half < 0 ? -half : half)
}
END {
  for (i = 0; i < keys; i++) {
    key = order[i]
    if (!n[key, 1] || !n[key, 3]) continue
    printf "%s(\"%s\", %.3g, %.3g)\n", absolute(key) ? "IN_UNIT" : "SHARE", key, sqrt(square[key, 1] / n[key, 1]), sqrt(square[key, 3] / n[key, 3])
  }
  for (kind in all) printf "%s %4d of %4d, %.1f %%\n", kind, held[kind], all[kind], 100 * held[kind] / all[kind] | "sort"
}
