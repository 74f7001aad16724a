# One line per goal from the rows of bench_femur: mean and spread of the error, the worst person, passed or missed.
# Relative goals are for the share of the truth; a trabecular density near 0 (fatty marrow) has an absolute floor of 2 mg/cm3,
# what the calibration's intercept may be off.
function goal(key) {
  if (key == "dice") return slice < 2 ? 0.03 : 0.07
  if (key == "pelvis_voxels") return 0.5
  if (key == "head_radius") return 0.5
  if (key == "neck_shaft") return 1.5
  if (key ~ /integral_vbmd$/) return 2
  if (key ~ /(cortical|trabecular)_vbmd$/) return 5
  return -1
}
$2 ~ /_error_in_intervals$/ {
  part = $2; sub(/_error.*/, "", part); kind = part; sub(/.*_/, "", kind)
  sub(/_[a-z]*$/, "", part); sub(/.*_/, "", part); part = sprintf("%-10s %-6s", part, kind)
  inside[part] += $4 >= -1 && $4 <= 1; all[part]++
  next
}
$2 == "refused" { refused[$1] = $3; next }
{
  key = $2
  if (!(key in n)) order[keys++] = key
  relative = key ~ /_(vbmd|volume)$/
  error = $4 ~ /nan/ ? 1e9 : $4 - $5
  if (relative) {
    base = $5 < 0 ? -$5 : $5
    if (key ~ /trabecular_vbmd$/ && base < 40) base = 40
    error = 100 * error / base
  }
  unit[key] = relative ? "%" : $3
  n[key]++
  sum[key] += error; square[key] += error * error
  size = error < 0 ? -error : error
  if (size >= worst[key] + 0) { worst[key] = size; signed[key] = error; who[key] = $1 }
  limit = goal(key)
  if (limit >= 0 && !(size <= limit)) missed[key]++
}
END {
  printf "  %-34s %-4s %9s %8s %9s %-9s %6s  %s\n", "error of", "unit", "mean", "SD", "worst", "of", "goal", "result"
  for (i = 0; i < keys; i++) {
    key = order[i]
    mean = sum[key] / n[key]
    var = square[key] / n[key] - mean * mean
    limit = goal(key)
    verdict = limit < 0 ? "" : missed[key] ? "missed by " missed[key] " of " n[key] : "held by all " n[key]
    printf "  %-34s %-4s %+9.3f %8.3f %+9.3f %-9s %6s  %s\n", key, unit[key], mean, sqrt(var > 0 ? var : 0), signed[key], who[key], limit < 0 ? "" : limit, verdict
  }
  for (part in all)
    printf "  95 %% intervals of %s hold the truth in %d of %d regions, %.1f %%\n", part, inside[part], all[part], 100 * inside[part] / all[part]
  for (scan in refused) printf "  REFUSED %s: %s\n", scan, refused[scan]
}
