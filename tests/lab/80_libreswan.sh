# shellcheck shell=bash disable=SC2154
# Libreswan negotiates for the initiator in strongSwan's place: the kernel says all there is to count,
# and what only strongSwan's vici would have told is inferred and says so.

cp -r "$("$lab_home/build-libreswan")" "$lab_dir/share/libreswan" || fail "no Libreswan"
guest 'lab daemons start; for name in $(lab ups); do lab down $name; done
  lab charon kill ini; lab pluto start
  lab up libreswan && lab read libreswan 1 && lab write libreswan 1' ||
  fail "libreswan does not come up"

# Sets now_… to the adapter's counters and its live SAs', of one moment.
look() { still now "$(counters libreswan)" 'lab truth libreswan | sed s/^/truth_/'; }
keys() { check "$1: keys added, deleted, renewed" "$2" \
  "$now_KeyAdditions $now_KeyDeletions $now_ReKeys"; }

look
for counter in ConfidentialBytesSent ConfidentialBytesReceived TransportBytesSent \
  TransportBytesReceived PacketsWithReplayDetection ActiveSA; do
  is=now_$counter truth=now_truth_$counter
  check "1 MiB each way: $counter is its SAs'" "${!truth}" "${!is}"
done
check "1 MiB each way: more than that" yes "$( ((now_ConfidentialBytesReceived > 1 << 20 &&
  now_ConfidentialBytesSent > 1 << 20)) && echo yes)"
keys "1 MiB each way" "1 0 0"
check "verdict" "protected" "$(guest "quickmode sessions --json" |
  jq -r '.sessions[] | select(.target == "iqn.2026-11.lab:libreswan") | .protection')"
check "what is inferred says so" "PendingKeyOperations ReKeys" "$(
  guest 'quickmode show --instance libreswan --json' |
    jq -r '.instances[0].quality | to_entries | map(select(.value.quality == "inferred").key) |
      sort | join(" ")')"

# The bytes of an SA that ended stay counted, over a rekey and over a new negotiation.
was_sent=$now_ConfidentialBytesSent was_received=$now_ConfidentialBytesReceived
guest 'lab rekey libreswan >/dev/null && lab read libreswan 1' || fail "no rekey"
look
keys "a rekey" "2 1 1"
check "a rekey: a MiB more" yes "$( ((now_ConfidentialBytesReceived >= was_received + (1 << 20) &&
  now_ConfidentialBytesSent > was_sent)) && echo yes)"
was_received=$now_ConfidentialBytesReceived
guest 'lab terminate libreswan && lab reconnect libreswan && lab read libreswan 1' ||
  fail "no new negotiation"
look
keys "terminated and negotiated anew" "3 2 1"
check "terminated and negotiated anew: a MiB more" yes \
  "$( ((now_ConfidentialBytesReceived >= was_received + (1 << 20))) && echo yes)"

guest 'lab down libreswan; lab pluto stop; lab charon start ini; lab daemons start' || fail "charon does not come back"
rm -rf "$lab_dir/share/libreswan"
