# shellcheck shell=bash disable=SC2034,SC2154
# What the tests in the lab share. A test is a file tests/lab/NAME.sh that is sourced with a guest
# running in $lab_dir; it calls `check` and says nothing else.

failures=0

guest() { "$lab_home/exec" "$lab_dir" "$@"; }

# values PREFIX 'COMMAND in the guest': its name=value lines become variables PREFIX_name.
values() {
  local prefix=$1 line text
  text=$(guest "$2") || { fail "$2: exit $?"; return 1; }
  while IFS= read -r line; do
    [[ $line =~ ^[a-z_0-9]+=-?[0-9]+$ ]] && printf -v "${prefix}_${line%%=*}" %s "${line#*=}"
  done <<<"$text"
}

fail() {
  printf 'FAIL %s: %s\n' "$test_name" "$*" >&2
  failures=$((failures + 1))
}

# check 'what' EXPECTED ACTUAL
check() {
  if [[ $2 == "$3" ]]; then printf 'ok   %s: %s\n' "$test_name" "$1"
  else fail "$1: expected $2, got $3"; fi
}
