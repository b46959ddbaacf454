# shellcheck shell=bash disable=SC2154
# The oracle that the other tests lean on: what `lab finals` says of SAs, living and dead, equals
# what TCP itself counted. curlft of a transport-mode SA is TCP header + payload; every segment of
# an established connection carries 32 bytes of header.

guest '[[ -e /run/lab/monitor.pid ]] || lab monitor start; lab up'
for name in ikev1 ikev2 ikev2-ipv6; do
  still before "lab tcp $name" "lab finals $name"
  guest "for i in 1 2 3; do lab read $name 1; lab write $name 1; lab rekey $name; done >/dev/null
    lab read $name 1"
  still after "lab tcp $name" "lab finals $name"
  check "$name rekeyed at rest: received" \
    $((after_bytes_received - before_bytes_received + 32 * (after_segs_in - before_segs_in))) \
    $((after_in_bytes - before_in_bytes))
  check "$name rekeyed at rest: sent" \
    $((after_bytes_sent - before_bytes_sent + 32 * (after_segs_out - before_segs_out))) \
    $((after_out_bytes - before_out_bytes))
  check "$name: negotiations" $((before_out_sas + 3)) "$after_out_sas"
done
# Under traffic IKEv1 drops what is in flight at a rekey (the old SA goes at once): what is sent
# again counts twice at the SA and once at TCP's bytes, so that only the packets can agree.
for name in ikev1 ikev2; do
  still before "lab tcp $name" "lab finals $name"
  guest "lab read $name 4 & lab rekey $name >/dev/null; lab rekey $name >/dev/null; wait"
  still after "lab tcp $name" "lab finals $name"
  check "$name rekeyed under traffic: packets in" $((after_segs_in - before_segs_in)) \
    $((after_in_packets - before_in_packets))
  check "$name: negotiations" $((before_out_sas + 2)) "$after_out_sas"
done
values clear 'lab counters clear'
check "clear: no SA" 0 "$clear_out_sas"
