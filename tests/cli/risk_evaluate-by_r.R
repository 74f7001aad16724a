# Compares figures of qct with pROC and survival. Arguments: people.csv, evaluation.csv (binary),
# survival.csv (evaluation with time), compare.csv, curves.csv. Prints the largest difference; fails above 1e-9.
args <- commandArgs(TRUE)
suppressMessages({library(pROC); library(survival)})
people <- read.csv(args[1], check.names = FALSE)
value <- function(file, quantity) { r <- read.csv(file); r$value[r$quantity == quantity][1] }
y <- people$fracture
a <- people[["f1 [SD]"]]; b <- people[["f2 [SD]"]]
difference <- c()
see <- function(name, ours, theirs) {
  difference[name] <<- abs(ours - theirs)
  cat(sprintf("%-24s qct %.12f  R %.12f\n", name, ours, theirs))
}
roc_a <- roc(y, a, quiet = TRUE, direction = "<"); roc_b <- roc(y, b, quiet = TRUE, direction = "<")
see("AUC", value(args[2], "auc"), as.numeric(auc(roc_a)))
test <- roc.test(roc_b, roc_a, method = "delong", paired = TRUE)
see("DeLong z", value(args[4], "delong_z"), as.numeric(test$statistic))
see("DeLong p", value(args[4], "delong_p"), as.numeric(test$p.value))
s <- Surv(people[["time [y]"]], people$event == 1)
see("Harrell C", value(args[3], "harrell_c"), concordance(s ~ a, reverse = TRUE)$concordance)
see("Uno C", value(args[3], "uno_c"), concordance(s ~ a, reverse = TRUE, timewt = "n/G2")$concordance)
curve <- read.csv(args[5], check.names = FALSE)
km <- summary(survfit(s ~ 1))
see("Kaplan-Meier, last", tail(curve$survival, 1), tail(km$surv, 1))
see("Greenwood, last", tail(curve$se, 1), tail(km$std.err, 1))
quit(status = as.integer(any(!is.finite(difference)) || max(difference) > 1e-9))
