# shellcheck shell=bash disable=SC2154
# With the probes: a flush under traffic loses nothing, and forged packets land on the adapter whose
# peer seems to have sent them. Without: what is known is said, no more.

# The quality of one counter: exact, or what the JSON says of it.
quality() {
  guest "quickmode show --instance $1 --json | jq -r '.instances[0].quality.$2.quality // \"exact\"'"
}
fresh() { guest "lab daemons stop; rm -f /run/quickmode/ledger.state; $1 lab daemons start
  lab daemons sampled"; }

# `beside` is a tunnel that serves no session: what is forged must not land there either.
guest '[[ -e /run/lab/monitor.pid ]] || lab monitor start; lab up; lab up beside'
fresh LAB_PROBES=no
said=$(guest 'grep "probes:" /run/lab/collect.log | tail -n 1')
[[ $said == *"none: "*"CAP_BPF and CAP_PERFMON"* ]] && answer=yes || answer=$said
check "without their capabilities it says so" yes "$answer"
for counter in BadSPIPackets PacketsNotDecrypted; do
  check "without probes $counter is nobody's" unavailable "$(quality ikev2 $counter)"
done

fresh ''
said=$(guest 'grep "probes:" /run/lab/collect.log | tail -n 1')
[[ $said != *none* && $said != *ESP* && $said != *counters* && $said != *SPI* ]] && answer=yes ||
  answer=$said
check "the probes are attached" yes "$answer"
said=$(guest "grep -E 'Cap(Prm|Eff|Bnd)' /proc/\$(cat /run/lab/collect.pid)/status |
  cut -f2 | tr '\n' ' '")
check "their capabilities are given up" \
  "0000000000001000 0000000000001000 0000000000001000 " "$said"

# Forged packets, each kind on one adapter; the other stays as it was.
errors='sed -n "s/^\(XfrmIn[A-Za-z]*\)[ \t]*\([0-9]*\)$/\1=\2/p" /proc/net/xfrm_stat'
values a0 "$(counters ikev2)"
values b0 "$(counters ikev2-ipv6)"
guest 'lab forge ikev2 bad-spi 5; lab forge ikev2 bad-icv 3; lab forge ikev2 short 4
  lab forge ikev2-ipv6 bad-spi 2; lab forge ikev2-ipv6 short 1'
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

values e0 "$errors"
guest 'lab forge ikev2 bad-padding 6'
values e1 "$errors"
values a2 "$(counters ikev2)"
bad=$((e1_XfrmInStateProtoError - e0_XfrmInStateProtoError))
check "bad paddings under a right ICV: some were sent" yes "$( ((bad > 0)) && echo yes)"
check "ikev2: they are not decrypted" $bad $((a2_PacketsNotDecrypted - a1_PacketsNotDecrypted))
check "ikev2: but authenticated" 0 $((a2_PacketsNotAuthenticated - a1_PacketsNotAuthenticated))

values a3 "$(counters ikev1)"
replays='quickmode show Quickmode_SA --json | jq "[.instances[].properties |
  select(.Adapter | contains(\"ikev1\")) | .ReplayFailures] | add" | sed "s/^/replays=/"'
values r0 "$replays"
guest 'lab forge ikev1 replay 2'
values a4 "$(counters ikev1)"
values r1 "$replays"
check "and shows in the SA's own class" 2 $((r1_replays - r0_replays))
values e2 "$errors"
check "a replayed packet is seen" 2 $((e2_XfrmInStateSeqError - e1_XfrmInStateSeqError))
moved=
for counter in BadSPIPackets PacketsNotDecrypted PacketsNotAuthenticated \
  PacketsWithReplayDetection ConfidentialBytesReceived; do
  was=a3_$counter is=a4_$counter
  ((${!was} == ${!is})) || moved+=" $counter"
done
check "and moves none of the counters" "" "$moved"

# A spray from 3,000 addresses, more than there is room for: the adapter's own peer is not lost in it.
values s0 "$(counters ikev2)"
guest 'lab forge ikev2 spray 3000; lab forge ikev2 bad-spi 5'
values s1 "$(counters ikev2)"
values e3 "$errors"
check "a spray came" yes "$( ((e3_XfrmInNoStates - e2_XfrmInNoStates >= 3000)) && echo yes)"
check "ikev2: its peer's BadSPIPackets among strangers'" 5 $((s1_BadSPIPackets - s0_BadSPIPackets))
check "ikev2: and they are exact" exact "$(quality ikev2 BadSPIPackets)"
unlisted=$(guest 'quickmode show Quickmode_CollectorHealth --json' |
  jq '.instances[0].properties.ProbeSpisUnlisted')
check "how many did not fit is told" yes \
  "$( ((unlisted >= 3000 - 1024 && unlisted < 3000)) && echo yes || echo "$unlisted")"

# The tunnel beside, whose bytes and failures are nobody's: none of it is the host's either.
values t0 'quickmode show Quickmode_HostIPSECStats --json | tr ",{}" "\n\n\n" |
  sed -n "s/^ *\"\(Unattributed[A-Za-z]*\)\": *\([0-9]*\)\$/\1=\2/p"'
guest 'lab forge beside bad-spi 3; lab forge beside bad-icv 2
  busybox ping -c 2 -s 1000 10.98.23.2 >/dev/null'
values t1 'quickmode show Quickmode_HostIPSECStats --json | tr ",{}" "\n\n\n" |
  sed -n "s/^ *\"\(Unattributed[A-Za-z]*\)\": *\([0-9]*\)\$/\1=\2/p"'
check "a tunnel that serves no session: nothing of it is counted" \
  "$(compgen -v t0_ | while read -r name; do echo "${!name}"; done)" \
  "$(compgen -v t1_ | while read -r name; do echo "${!name}"; done)"

# A flush in the middle of reading. The truth: a second observer's probes tell of the SAs that died,
# ip of those that live. The iSCSI session may log in anew: its TCP counters are no witness here.
guest '{ watch_probes 3600 & echo $! >/run/lab/probes.pid; } >/run/lab/probes.out 2>&1 </dev/null
  until grep -q totals /run/lab/probes.out; do sleep 0.2; done'
ended='awk -v me="$(. /qm/lab/guest/lib.sh; scenario ikev2; echo $ini_addr)" "
  /^(deleted|final)/ { for (i = 2; i <= NF; i++) { split(\$i, p, \"=\"); f[p[1]] = p[2] }
    sa = f[\"spi\"] f[\"dst\"]; side[sa] = f[\"src\"] == me ? \"out\" : f[\"dst\"] == me ? \"in\" : \"\"
    bytes[sa] = f[\"bytes\"]; packets[sa] = f[\"packets\"] }
  END { for (sa in side) { b[side[sa]] += bytes[sa]; n[side[sa]]++ }
    printf \"ended_in_bytes=%d\nended_out_bytes=%d\nended_out_sas=%d\n\", b[\"in\"], b[\"out\"], n[\"out\"] }
  " /run/lab/probes.out'
values before "lab counters ikev2"
values q0 "$(counters ikev2)"
# The daemons believe in the SAs that were flushed: a new start spares the wait for their doubts.
# (Traffic may have started it before `reconnect` does.)
flush_in_traffic='eval "was_$(lab counters ikev2 | grep in_bytes)"; lab read ikev2 6 & reading=$!
  until eval "$(lab counters ikev2 | grep in_bytes)"; ((in_bytes > was_in_bytes + 1000000)); do
    kill -0 $reading || break
  done
  ip xfrm state flush; lab terminate ikev2
  lab reconnect ikev2 2>/dev/null; wait; lab read ikev2 2'
guest "$flush_in_traffic"
guest 'for i in 1 2 3 4 5 6 7 8 9 10; do
  quickmode show --instance ikev2 --json | grep -q "\"at.least\"" || exit 0; sleep 1; done'
values gone "$ended"
still q1 "lab counters ikev2" "$(counters ikev2)"
check "an SA was flushed" yes "$( ((gone_ended_out_sas > 0)) && echo yes)"
check "a flush under traffic loses nothing: received" \
  $((gone_ended_in_bytes + q1_in_bytes - before_in_bytes)) \
  $((q1_ConfidentialBytesReceived - q0_ConfidentialBytesReceived))
check "a flush under traffic loses nothing: sent" \
  $((gone_ended_out_bytes + q1_out_bytes - before_out_bytes)) \
  $((q1_ConfidentialBytesSent - q0_ConfidentialBytesSent))
check "and says so of what came" exact "$(quality ikev2 ConfidentialBytesReceived)"
check "and of what was sent" exact "$(quality ikev2 ConfidentialBytesSent)"
guest 'kill "$(cat /run/lab/probes.pid)"'

# The same without: at least what was seen, and the reason.
fresh LAB_PROBES=no
guest "$flush_in_traffic"
check "without probes a flush is a declared gap" "at least" \
  "$(quality ikev2 ConfidentialBytesReceived)"
# The flush took the others' SAs as well; a session without them would time out at its logout.
guest 'lab down beside
  for name in ikev1 ikev2-ipv6; do lab terminate $name; lab reconnect $name; lab read $name 1; done'
