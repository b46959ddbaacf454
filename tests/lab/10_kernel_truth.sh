# shellcheck shell=bash disable=SC2154
# The oracle that the other tests lean on: what `lab finals` says of SAs, living and dead, equals
# what TCP itself counted. curlft of a transport-mode SA is TCP header + payload; every segment
# carries 32 bytes of header, but the SYN, whose options are 8 more.

same_bytes() {
  values tcp "lab tcp $1"
  values sa "lab finals $1"
  check "$1 $2: received" $((tcp_bytes_received + 32 * tcp_segs_in + 8)) "$sa_in_bytes"
  check "$1 $2: sent" $((tcp_bytes_sent + 32 * tcp_segs_out + 8)) "$sa_out_bytes"
}

guest 'lab monitor start && lab up'
for name in ikev1 ikev2 ikev2-ipv6; do
  guest "for i in 1 2 3; do lab read $name 1; lab write $name 1; lab rekey $name; done >/dev/null
    lab read $name 1"
  same_bytes "$name" "rekeyed at rest"
  check "$name: negotiations" 4 "$sa_out_sas"
done
# Under traffic IKEv1 drops what is in flight at a rekey (the old SA goes at once): what is sent
# again counts twice at the SA and once at TCP's bytes, so that only the packets can agree.
for name in ikev1 ikev2; do
  guest "lab read $name 4 & lab rekey $name >/dev/null; lab rekey $name >/dev/null; wait"
  values tcp "lab tcp $name"
  values sa "lab finals $name"
  check "$name rekeyed under traffic: packets in" "$tcp_segs_in" "$sa_in_packets"
  check "$name: negotiations" 6 "$sa_out_sas"
done
values clear 'lab counters clear'
check "clear: no SA" 0 "$clear_out_sas"
