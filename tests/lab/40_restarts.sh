# shellcheck shell=bash disable=SC2154
# serve restarted under the collector, the collector killed under serve, charon restarted: no total
# falls, nothing hangs.

guest 'lab daemons start & lab up; wait; lab daemons sampled'

totals() {
  values "$1" "quickmode show Quickmode_HostIPSECStats --json | tr ',{}' '\n\n\n' |
    sed -n 's/^\"\([A-Z][A-Za-z]*\)\": *\([0-9]*\)$/\1=\2/p'"
}

not_fallen() {
  totals now
  local name bad=
  for name in KeyAdditions KeyDeletions ReKeys ConfidentialBytesSent ConfidentialBytesReceived \
    TransportBytesSent TransportBytesReceived PacketsWithReplayDetection; do
    local was=before_$name is=now_$name
    ((${!is:--1} >= ${!was})) || bad+=" $name ${!was} -> ${!is:-none}"
  done
  check "$1: no total falls" "" "$bad"
}

totals before
for action in 'stop serve' 'kill serve' 'stop collect' 'kill collect'; do
  guest "lab daemons $action && lab read ikev2 1 && lab daemons start && lab daemons sampled"
  not_fallen "$action"
done
guest 'lab read ikev1 1'
values sa 'lab counters ikev1'
check "it goes on counting" yes "$( ((sa_in_bytes > 0)) && echo yes)"
said=$(guest 'lab daemons start; quickmode-serve --runtime-dir /run/quickmode \
  --listen 127.0.0.1:0' 2>&1) && code=0 || code=$?
check "a second serve is refused" 1 "$code"
[[ $said == *"another quickmode-serve runs"* ]] && answer=yes || answer="no: $said"
check "and says why" yes "$answer"
