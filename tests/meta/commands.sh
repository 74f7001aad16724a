#!/bin/bash
# Every command has a test and an example, and answers --help and unknown options; the dump is JSON;
# the manual pages have no fault. qct is on the PATH.
# usage: commands.sh SOURCE-FOLDER
source=$1
bad=0
complain() { echo "$1"; bad=1; }
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

qct help --json > all.json || complain "qct help --json fails"
python3 -c 'import json; [print(c["name"]) for c in json.load(open("all.json"))["commands"]]' > names ||
  complain "qct help --json is no JSON"
[ -s names ] || complain "no commands"
LC_ALL=C sort -c names || complain "the commands are not sorted"
while IFS= read -r name; do
  file=$(echo "$name" | tr ' -' '__')
  [ -f "$source/tests/cli/$file.test" ] || complain "$name: there is no tests/cli/$file.test"
  [ -n "$(qct help "$file" --format examples)" ] || complain "$name: no example"
  # shellcheck disable=SC2086
  qct $name --help > help.txt 2> err.txt || complain "$name --help ends with exit status $?"
  [ -s help.txt ] && [ ! -s err.txt ] || complain "$name --help does not print on standard output only"
  # shellcheck disable=SC2086
  qct $name --no-such-option > out.txt 2> err.txt
  status=$?
  [ $status -eq 2 ] && [ ! -s out.txt ] && [ -s err.txt ] ||
    complain "$name --no-such-option ends with exit status $status, expected 2 and a message"
done < names
for test in "$source"/tests/cli/*.test; do
  name=$(basename "$test" .test) name=${name%%-*} # <command> or <command>-<topic>
  [ "$name" = version ] || qct help "$name" > /dev/null 2>&1 || complain "tests/cli/$name.test: no such command"
done

qct help --format man --out man
if command -v mandoc > /dev/null; then
  mandoc -T lint -W warning man/*.1 > lint.txt 2>&1
  grep -vE 'referenced manual not found|missing date' lint.txt > faults.txt && complain "$(head -20 faults.txt)"
fi
qct help --format bash > qct.bash && bash -n qct.bash || complain "the bash completion does not parse"
if command -v zsh > /dev/null; then
  qct help --format zsh > _qct && zsh -n _qct || complain "the zsh completion does not parse"
fi
exit $bad
