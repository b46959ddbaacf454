# shellcheck shell=bash disable=SC2154
# The collector stands still while the kernel tells of more than its socket holds, a rekey among it:
# the loss is declared, a new dump finds what is there, and from then on every byte counts again.
# Then thousands of SAs that serve nobody, flushed at once: the sessions' counters don't mind, but
# for what the flush took of their own.

fresh() {
  guest "lab daemons stop; for name in \$(lab ups); do lab down \$name; done
    rm -f /run/quickmode/ledger.state; $1 lab daemons start; lab up ikev1 ikev2
    lab read ikev1 1; lab read ikev2 1; lab daemons sampled; lab watch ikev2 start"
}
health() {
  guest "quickmode show Quickmode_CollectorHealth --json" | jq -r ".instances[0].properties.$1"
}
kept='KeyAdditions KeyDeletions ReKeys ConfidentialBytesSent ConfidentialBytesReceived
  TransportBytesSent TransportBytesReceived PacketsWithReplayDetection'

# grew SIDE: by how much netfilter's count and ours grew since look_at was called: "tcp ours".
look_at() { still "$1" "lab watch ikev2 show" "$(counters ikev2)"; }
grew() {
  local counter=ConfidentialBytes${1#*:} side=${1%:*}
  local tcp0=$2_tcp_${side}_bytes tcp1=$3_tcp_${side}_bytes qm0=$2_$counter qm1=$3_$counter
  echo $((${!tcp1} - ${!tcp0})) $((${!qm1} - ${!qm0}))
}

for probes in no yes; do
  with="$([[ $probes == no ]] && echo without || echo with) probes"
  fresh "LAB_PROBES=$probes"
  look_at t0
  overruns=$(health Overruns) gaps=$(health Gaps)
  guest 'kill -STOP $(cat /run/lab/collect.pid); lab read ikev2 1; lab rekey ikev2 >/dev/null
    lab read ikev2 1; event_storm 40000 1 >/dev/null; kill -CONT $(cat /run/lab/collect.pid)
    lab read ikev2 1'
  look_at t1
  check "$with: the overrun is told" yes "$( (($(health Overruns) > overruns)) && echo yes)"
  check "$with: and a gap declared" yes "$( (($(health Gaps) > gaps)) && echo yes)"
  bad=
  for counter in $kept; do
    was=t0_$counter is=t1_$counter
    ((${!is:--1} >= ${!was})) || bad+=" $counter ${!was} -> ${!is:-none}"
  done
  check "$with: no total falls" "" "$bad"
  check "$with: ActiveSA, and one rekey" "1 1" "$t1_ActiveSA $((t1_KeyAdditions - t0_KeyAdditions))"
  for side in out:Sent in:Received; do
    read -r tcp ours < <(grew $side t0 t1)
    check "$with: not more than the truth ($side)" yes \
      "$( ((ours <= tcp)) && echo yes || echo "$ours of $tcp")"
    quality=$(guest 'quickmode show --instance ikev2 --json' |
      jq -r ".instances[0].quality.ConfidentialBytes${side#*:}.quality // \"exact\"")
    check "$with: said to be at least that ($side)" "at least" "$quality"
  done

  guest 'lab read ikev2 2; lab write ikev2 1; lab rekey ikev2 >/dev/null; lab read ikev2 1'
  look_at t2
  for side in out:Sent in:Received; do
    read -r tcp ours < <(grew $side t1 t2)
    check "$with: afterwards every byte counts ($side)" "$tcp" "$ours"
  done
  check "$with: one event more is one rekey more" 1 $((t2_KeyAdditions - t1_KeyAdditions))
done

# 2,000 SAs of ESP, of others.
guest 'for ((i = 0; i < 2000; i++)); do
    printf "xfrm state add src 10.97.0.1 dst 10.97.0.2 proto esp spi 0x%x reqid 7 mode transport \
auth-trunc hmac(sha256) 0x%064x 128 enc ecb(cipher_null) \"\"\n" $((0x10000 + i)) $i
  done >/run/lab/many; ip -batch /run/lab/many'
guest 'for try in 1 2 3 4 5 6 7 8 9; do
    quickmode show Quickmode_CollectorHealth --json | grep -q "\"Sas\":200" && break; done'
check "thousands of SAs of others are seen" yes "$( (($(health Sas) >= 2004)) && echo yes)"
take h0 "$(guest 'quickmode show Quickmode_HostIPSECStats --json')"
guest 'ip xfrm state flush proto esp'
guest 'lab terminate ikev1; lab terminate ikev2; lab reconnect ikev1; lab reconnect ikev2
  lab read ikev1 1; lab read ikev2 1'
look_at t3
take h1 "$(guest 'quickmode show Quickmode_HostIPSECStats --json')"
check "a mass flush: theirs are nobody's" $((h0_KeyDeletions + 2)) "$h1_KeyDeletions"
check "and gone" yes "$( (($(health Sas) < 20)) && echo yes)"
check "the sessions go on" "1 yes" "$t3_ActiveSA $(
  ((t3_ConfidentialBytesReceived > t2_ConfidentialBytesReceived + (1 << 20))) && echo yes)"
guest 'lab daemons stop; rm -f /run/quickmode/ledger.state; lab daemons start'
