#!/bin/bash
# usage: run_test.sh FILE.test      (format in README.md beside this script; qct is on the PATH)
# Exit status 0 all as expected, 1 something was not, 77 skipped.
set -u
file=$(realpath "$1")
name=$(basename "$file" .test)
folder=$(mktemp -d "${TMPDIR:-/tmp}/qct-test-XXXXXX") || exit 1
out=$(mktemp "${TMPDIR:-/tmp}/qct-out-XXXXXX") err=$(mktemp "${TMPDIR:-/tmp}/qct-err-XXXXXX")
# what the commands put aside, apart from that of other tests
temporary=$(mktemp -d "${TMPDIR:-/tmp}/qct-tmp-XXXXXX") || exit 1
trap 'rm -rf "$folder" "$out" "$err" "$temporary"' EXIT
cd "$folder" || exit 1
export LC_ALL=C.UTF-8 TMPDIR=$temporary XDG_CACHE_HOME=$temporary/cache # Snakemake's; nobody needs a home

failures=0 number=0 command='' expected=0 status=0 line_of_output=0 checked=yes

complain() { # message
  failures=$((failures + 1))
  echo "$name.test:$number: $1"
  echo "    command: $command"
  echo "    exit status $status"
  echo "    standard output:"; head -n 40 "$out" | cut -c1-300 | sed 's/^/      /'
  echo "    standard error:"; head -n 40 "$err" | cut -c1-300 | sed 's/^/      /'
}

check_status() { # once per command, when its expectations begin
  if [ "$checked" = no ]; then
    checked=yes
    [ "$status" -eq "$expected" ] || complain "exit status $status, expected $expected"
  fi
}

skip() { # unless something was wrong before
  echo "skipped: $1"
  [ "$failures" -eq 0 ] || exit 1
  exit 77
}

need() {
  case "$1" in
  shared) [ -d "${QCT_SHARED:-}" ] || skip "there is no folder of real data beside the checkout" ;;
  'python module '*) /usr/bin/python3 -c "import ${1#python module }" > /dev/null 2>&1 || skip "Python lacks ${1#python module }" ;;
  'R package '*) Rscript -e "library(${1#R package })" > /dev/null 2>&1 || skip "the R package ${1#R package } is not installed" ;;
  built\ *) qct --version | grep -qw "${1#built }" || skip "qct is built without ${1#built }" ;;
  *) command -v "$1" > /dev/null || skip "the program $1 is not installed" ;;
  esac
}

commands=0
while IFS= read -r line || [ -n "$line" ]; do
  number=$((number + 1))
  rest=${line#* }
  case "$line" in '' | '#'*) continue ;; esac
  case "$line" in '? '*) expected=$rest ;; esac
  check_status
  case "$line" in
  'needs '*) need "$rest" ;;
  '$ '*)
    command=$rest expected=0 line_of_output=0 checked=no commands=$((commands + 1))
    bash -c "$command" > "$out" 2> "$err" < /dev/null
    status=$?
    ;;
  '? '*) ;;
  '>' | '> '*)
    line_of_output=$((line_of_output + 1))
    [ "$line" = '>' ] && rest=''
    got=$(sed -n "${line_of_output}p" "$out")
    [ "$got" = "$rest" ] || complain "line $line_of_output of standard output is not: $rest"
    ;;
  '~ '*) grep -Eq -- "$rest" "$out" || complain "no line of standard output matches: $rest" ;;
  '! '*) grep -Eq -- "$rest" "$err" || complain "no line of standard error matches: $rest" ;;
  '- '*) ! grep -Eq -- "$rest" "$out" "$err" || complain "a line of output matches: $rest" ;;
  'exists '*) [ -e "$rest" ] || complain "there is no $rest" ;;
  'absent '*) [ ! -e "$rest" ] || complain "there is a $rest" ;;
  *) complain "this line has no meaning: $line" ;;
  esac
done < "$file"
number=$((number + 1))
check_status
[ "$commands" -gt 0 ] || { echo "$name.test runs no command"; exit 1; }
echo "$commands commands, $failures failures"
[ "$failures" -eq 0 ]
