# shellcheck shell=bash disable=SC2154
# With the probes: a flush under traffic loses nothing, and forged packets land on the adapter whose
# peer seems to have sent them. Without: what is known is said, no more.

counters() {
  printf "%s" "quickmode show --instance $1 --json | tr ',{}' '\n\n\n' |
    sed -n 's/^ *\"\([A-Za-z]*\)\": *\([0-9]*\|null\)\$/\1=\2/p' | sed 's/null/-1/'"
}
# The quality of one counter: exact, or what the JSON says of it.
quality() {
  guest "quickmode show --instance $1 --json | jq -r '.instances[0].quality.$2.quality // \"exact\"'"
}

guest 'lab daemons start & lab up; wait; lab daemons sampled'
said=$(guest 'grep "probes:" /run/lab/collect.log | tail -n 1')
[[ $said != *"without final"* && $said != *"none"* && $said != *"of IPv4 ESP"* &&
  $said != *"of IPv6 ESP"* ]] && answer=yes || answer=$said
check "the probes are attached" yes "$answer"
said=$(guest "grep -E 'Cap(Prm|Eff|Bnd)' /proc/\$(cat /run/lab/collect.pid)/status |
  cut -f2 | tr '\n' ' '")
check "their capabilities are given up" \
  "0000000000001000 0000000000001000 0000000000001000 " "$said"

# Forged packets, each kind on one adapter; the other stays as it was.
values a0 "$(counters ikev2)"
values b0 "$(counters ikev2-ipv6)"
guest 'lab forge ikev2 bad-spi 5; lab forge ikev2 bad-icv 3; lab forge ikev2 short 4
  lab forge ikev2-ipv6 bad-spi 2; lab forge ikev2-ipv6 short 1; lab forge ikev2 replay 2'
values a1 "$(counters ikev2)"
values b1 "$(counters ikev2-ipv6)"
check "ikev2: BadSPIPackets" 5 $((a1_BadSPIPackets - a0_BadSPIPackets))
check "ikev2: PacketsNotDecrypted" 4 $((a1_PacketsNotDecrypted - a0_PacketsNotDecrypted))
check "ikev2: PacketsNotAuthenticated" 3 \
  $((a1_PacketsNotAuthenticated - a0_PacketsNotAuthenticated))
check "ikev2-ipv6: BadSPIPackets" 2 $((b1_BadSPIPackets - b0_BadSPIPackets))
check "ikev2-ipv6: PacketsNotDecrypted" 1 $((b1_PacketsNotDecrypted - b0_PacketsNotDecrypted))
check "ikev2-ipv6: PacketsNotAuthenticated" 0 \
  $((b1_PacketsNotAuthenticated - b0_PacketsNotAuthenticated))
for counter in BadSPIPackets PacketsNotDecrypted; do
  check "ikev2: $counter is exact" exact "$(quality ikev2 $counter)"
done

# A flush in the middle of reading: every byte that the SAs counted is in the totals. The truth is
# TCP's: header and payload of each segment (10_kernel_truth); what is sent again after the flush
# is in neither TCP's bytes nor, when it met no SA, in an SA, so packets are compared.
still before "lab tcp ikev2" "$(counters ikev2)"
guest 'lab read ikev2 6 & sleep 1; ip xfrm state flush; wait; lab reconnect ikev2 2>/dev/null
  lab read ikev2 1'
still after "lab tcp ikev2" "$(counters ikev2)"
check "a flush under traffic: packets received" $((after_segs_in - before_segs_in)) \
  $((after_PacketsWithReplayDetection - before_PacketsWithReplayDetection))
check "and the bytes are exact" exact "$(quality ikev2 ConfidentialBytesReceived)"
check "and so are those sent" exact "$(quality ikev2 ConfidentialBytesSent)"
