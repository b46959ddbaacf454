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
    if [[ $line =~ ^[A-Za-z_0-9]+=-?[0-9]+$ ]]; then
      printf -v "${prefix}_${line%%=*}" %s "${line#*=}"
    fi
  done <<<"$text"
}

# iSCSI pings every few seconds, so two commands see two moments. still PREFIX A B runs A, B, A until
# A says the same before and after B; the values of both are then of one moment.
still() {
  local prefix=$1 a=$2 b=$3
  values "$prefix" "for try in 1 2 3 4 5 6 7 8 9; do a=\$($a); b=\$($b)
    [ \"\$a\" != \"\$($a)\" ] || break; done; echo \"\$a\"; echo \"\$b\""
}

# take PREFIX JSON: the counters of the one instance in `quickmode show --json`'s words become
# variables PREFIX_name; NULL is -1.
take() {
  local prefix=$1 line
  while IFS= read -r line; do printf -v "${prefix}_${line%%=*}" %s "${line#*=}"; done < <(
    jq -r '.instances[0].properties | to_entries[] |
      select(.value == null or (.value | type) == "number") | "\(.key)=\(.value // -1)"' <<<"$2")
}

# The counters of a session's adapter as name=value, in the guest; NULL is -1.
counters() {
  printf "%s" "quickmode show --instance $1 --json | tr ',{}' '\n\n\n' |
    sed -n 's/^ *\"\([A-Za-z]*\)\": *\([0-9]*\|null\)\$/\1=\2/p' | sed 's/null/-1/'"
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
