# shellcheck shell=bash disable=SC2154
# The lab as real clients of CIM and WS-Management see it, from this machine through the port that the
# guest forwards: wbemcli, python3-winrm and quickmode's own list the class with the values and NULLs
# that `quickmode show --json` has. (Debian's clients, unpacked by scripts/unpack-tools.sh; what is
# not here is left out with a word.)

PATH=$PATH:$source_dir/build/tools/usr/bin
wire=$lab_dir/wire
mkdir "$wire"
lab_url=http://127.0.0.1:$(cat "$lab_dir/port")
class=MSiSCSI_QMIPSECStats
get() { curl -sSf --max-time 30 --noproxy '*' "$@"; }
# says WHAT COMMAND...: its words, where it fails.
says() {
  local what=$1 said
  shift
  said=$("$@" 2>&1) && said=yes
  check "$what" yes "$said"
}

# Without probes nobody knows whose a strange SPI was: NULL. Then the numbers stand still.
guest 'lab daemons stop collect; LAB_PROBES=no lab daemons start; lab up; lab daemons sampled
  quickmode user add reader --password-stdin <<<"correct horse"; kill -STOP "$(</run/lab/collect.pid)"'
get "$lab_url/api/v1/instances/$class?integers=text&refresh=0" >"$wire/$class.json"
# The command line's own words, as the clients' are compared: numbers as text.
guest "quickmode show --json" >"$wire/show.json"
values_of='[.instances[].properties | to_entries | map(select(.key | startswith("Timestamp") | not)) |
  map(.value |= (if type == "number" then tostring else . end)) | from_entries]'
check "the API says what \`quickmode show --json\` says" "$(jq -cS "$values_of" "$wire/show.json")" \
  "$(jq -cS "$values_of" "$wire/$class.json")"
check "BadSPIPackets is NULL" null "$(jq -c '.instances[0].properties.BadSPIPackets' "$wire/$class.json")"

lists_the_same() {   # as tests/wire/run
  local path
  wbemcli -nl ei "$lab_url/root/wmi:$class" >"$wire/ei" 2>&1
  wbemcli ein "$lab_url/root/wmi:$class" >"$wire/ein" 2>&1
  path=$(head -n 1 "$wire/ein")
  wbemcli -nl gi "http://${path//\\\\/\\}" >"$wire/gi" 2>&1
  python3 "$source_dir/tests/wire/compare.py" "$wire/$class.json" "$wire/ei" "$wire/ein" "$wire/gi" \
    $class 1
}
if command -v wbemcli >/dev/null; then
  says "wbemcli lists the lab's values and NULLs" lists_the_same
  wbemcli -nl gc "$lab_url/root/wmi:$class" >"$wire/gc" 2>&1 || true
  says "wbemcli gets the class" grep -q ConfidentialBytesSent "$wire/gc"
  wbemcli ecn "$lab_url/root/wmi" >"$wire/ecn" 2>&1 || true
  says "wbemcli lists the classes" grep -q ":$class\$" "$wire/ecn"
else
  printf 'skip %s: no wbemcli (scripts/unpack-tools.sh)\n' "$test_name"
fi

query="SELECT InstanceName, Active, ActiveSA, ConfidentialBytesSent, BadSPIPackets FROM $class"
guest "quickmode query --csv '$query'" >"$wire/here.csv"
QUICKMODE_PASSWORD='correct horse' "$source_dir/build/bin/quickmode" query --csv --host "$lab_url" \
  --user reader "$query" >"$wire/there.csv"
says "quickmode query --host gives what the guest's own gives" diff "$wire/here.csv" "$wire/there.csv"
check "and all of it" "$(jq '.instances | length' "$wire/$class.json")" \
  $(($(wc -l <"$wire/there.csv") - 1))

# The numbers move again when python3-winrm has compared them, and waits for events.
(
  wait_until 300 test -e "$wire/$class.json.go"
  guest "kill -CONT \$(</run/lab/collect.pid); lab read ikev2 1"
) &
mover=$!
said=$(python3 "$source_dir/tests/wire/wsman.py" "$lab_url" "$wire/$class.json" $class \
  "$source_dir/build/tools/usr/lib/python3/dist-packages" 2>&1) && code=0 || code=$?
if [[ $said == skip* ]]; then
  printf '%s\n' "$said"
else
  check "python3-winrm lists, pulls, filters and subscribes" 0 "$code"
  ((code == 0)) || printf '%s\n' "$said" >&2
fi
: >"$wire/$class.json.go"
wait "$mover"
guest 'kill -CONT "$(</run/lab/collect.pid)"; rm /var/lib/quickmode/users
  lab daemons stop collect; lab daemons start; lab daemons sampled'
