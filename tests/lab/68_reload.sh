# shellcheck shell=bash disable=SC2154
# Kernel modules unloaded and loaded again under a running collector. Those that it holds can't be:
# its sockets hold xfrm_user, its probes esp4 and esp6. Those that it only reads from come and go
# (iscsi_tcp with all of iSCSI's classes in sysfs, tcp_diag, and esp4 where no probe looks into it):
# no total falls, what comes afterwards is counted to the byte, and what can't be known is said.

# state PREFIX: our counters, and the kernel's own of the live SAs, of one moment.
state() { still "$1" "lab counters ikev2" "$(counters ikev2)"; }
# goes_on WHAT: nothing fell since `was` was taken, and the SAs that live, which have come since,
# are counted whole.
goes_on() {
  local counter is was bad=''
  state now
  for counter in KeyAdditions KeyDeletions ReKeys ConfidentialBytesSent ConfidentialBytesReceived \
    TransportBytesSent TransportBytesReceived PacketsWithReplayDetection; do
    was=was_$counter is=now_$counter
    ((${!is:--1} >= ${!was})) || bad+=" $counter ${!was} -> ${!is:-none}"
  done
  check "$1: no total falls" "" "$bad"
  check "$1: a new pair" "1 $((was_KeyAdditions + 1))" "$now_ActiveSA $now_KeyAdditions"
  check "$1: counted to the byte" "$now_out_bytes $now_in_bytes" \
    "$((now_ConfidentialBytesSent - was_ConfidentialBytesSent)) $((
      now_ConfidentialBytesReceived - was_ConfidentialBytesReceived))"
  check "$1: it moved" yes "$( ((now_in_bytes > 1 << 20)) && echo yes)"
}
quality() {
  guest "quickmode show --instance ikev2 --json" |
    jq -r ".instances[0].quality.$1.quality // \"exact\""
}
said() { guest "grep probes: /run/lab/collect.log | tail -n 1"; }
# A connection's route holds its SAs, and these their modules: without them only a probe does.
rest='lab logout ikev2; lab terminate ikev2'
refused() { guest "! rmmod $1 2>/dev/null && lsmod | grep -q '^$1 '"; }
unload() { guest "lab unload $*" || fail "$1 can't be unloaded"; }

guest 'lab daemons stop; for name in $(lab ups); do lab down $name; done
  rm -f /run/quickmode/ledger.state; lab daemons start; lab up ikev2; lab read ikev2 1
  lab daemons sampled'
guest "$rest"
state was

# With the probes. iSCSI's modules go altogether, and come again.
for module in xfrm_user esp4; do
  refused $module && answer=yes || answer=no
  check "$module is held while the collector runs" yes "$answer"
done
guest 'kill -KILL $(busybox pidof iscsid); while busybox pidof iscsid; do :; done >/dev/null'
unload iscsi_tcp libiscsi_tcp libiscsi scsi_transport_iscsi
check "without iSCSI no session is shown" 0 \
  "$(guest 'quickmode show Quickmode_Session --json 2>/dev/null' | jq '.instances | length')"
guest 'modprobe iscsi_tcp; setsid iscsid -f >>/run/lab/iscsid.log 2>&1 </dev/null &
  until grep -q ISCSIADM_ABSTRACT_NAMESPACE /proc/net/unix; do :; done
  lab login ikev2; lab daemons sampled; lab read ikev2 1'
goes_on "iSCSI loaded again"
check "iSCSI loaded again: and exact" "exact exact" \
  "$(quality ConfidentialBytesSent) $(quality ConfidentialBytesReceived)"

# tcp_diag, which the evidence needs, goes, and may not be loaded by itself.
# evidence WANTED: after some traffic, what the connections' counters say: agrees or none. At most
# six readings until it is what is wanted.
evidence() {
  guest "for try in 1 2 3 4 5 6; do
      lab read ikev2 1; said=none
      quickmode sessions | grep -q 'all that moved lately was on its SAs' && said=agrees
      [[ \$said != $1 ]] || break
    done; echo \$said"
}
problem() {
  guest 'quickmode show Quickmode_CollectorHealth --json' |
    jq -r '.instances[0].properties.LastProblem'
}
check "with tcp_diag the evidence agrees" agrees "$(evidence agrees)"
guest 'echo /bin/false >/proc/sys/kernel/modprobe'
unload tcp_diag inet_diag
check "without it there is none" none "$(evidence none)"
answer=$(problem)
[[ $answer == *"modprobe tcp_diag"* ]] && answer=yes
check "and what to do is said" yes "$answer"
guest 'echo /sbin/modprobe >/proc/sys/kernel/modprobe'
check "with it, it agrees again" agrees "$(evidence agrees)"

# Once the collector ends, esp4 can go. One that starts then says which probe it lacks, also after
# the first SA has loaded the module; and under this one the module may come and go.
guest "$rest"
state was
guest 'lab daemons stop'
unload esp4
guest 'lab daemons start
  until quickmode show Quickmode_CollectorHealth --json 2>/dev/null | grep -q Overruns; do :; done'
for turn in "esp4 loaded by the first SA" "esp4 loaded again"; do
  guest 'lab login ikev2; lab daemons sampled; lab read ikev2 1'
  goes_on "$turn"
  answer=$(said)
  [[ $answer == *"IPv4 ESP (esp4 was not loaded"* ]] && answer=yes
  check "$turn: the probe that is missing is named" yes "$answer"
  answer=$(quality PacketsNotDecrypted)
  check "$turn: failed input is not said to be exact" yes \
    "$([[ $answer == inferred || $answer == unavailable ]] && echo yes || echo "$answer")"
  [[ $turn != *first* ]] || { guest "$rest"; unload esp4; state was; }
done

guest 'lab daemons stop; rm -f /run/quickmode/ledger.state; lab daemons start; lab daemons sampled'
check "a new start has all probes" exact "$(quality PacketsNotDecrypted)"
