# shellcheck shell=bash disable=SC2154
# Everything around the collector restarts, comes and goes: the IKE daemon, iscsid, connections,
# sessions, addresses, the collector itself in full traffic. No total falls, and a session's bytes
# stay its own: what nobody is given must not grow, and the other session's counters stand still.

# A ledger of its own: an SA that a new collector saw and that ended before its session was found
# would become nobody's in the middle of this.
guest 'lab daemons stop; for name in $(lab ups); do lab down $name; done
  rm -f /run/quickmode/ledger.state; lab daemons start; lab up ikev1 ikev2
  lab read ikev1 1; lab read ikev2 1; lab daemons sampled'

kept='KeyAdditions KeyDeletions ReKeys ConfidentialBytesSent ConfidentialBytesReceived
  TransportBytesSent TransportBytesReceived PacketsWithReplayDetection'
state() {
  values "$1_ikev1" "$(counters ikev1)"
  values "$1_ikev2" "$(counters ikev2)"
  take "$1_host" "$(guest 'quickmode show Quickmode_HostIPSECStats --json')"
}

# after WHAT [both]: ikev2 did something; ikev1 did not, unless both did.
after() {
  state now
  local counter bad='' moved=''
  for counter in $kept; do
    local was=was_ikev2_$counter is=now_ikev2_$counter
    ((${!is:--1} >= ${!was})) || bad+=" $counter ${!was} -> ${!is:-none}"
    was=was_ikev1_$counter is=now_ikev1_$counter
    [[ ${!is:-none} == "${!was}" ]] || moved+=" $counter ${!was} -> ${!is:-none}"
  done
  check "$1: no total falls" "" "$bad"
  [[ ${2:-} == both ]] || check "$1: the other session's stand still" "" "$moved"
  check "$1: nothing new is unattributed" "$was_host_UnattributedConfidentialBytesReceived" \
    "$now_host_UnattributedConfidentialBytesReceived"
  check "$1: it goes on counting" yes "$( ((now_ikev2_ConfidentialBytesReceived >
    was_ikev2_ConfidentialBytesReceived + (1 << 20))) && echo yes)"
  state was
}
state was

guest 'lab charon kill ini; lab read ikev2 1; lab charon start ini; lab daemons start
  lab reconnect ikev2; lab read ikev2 1'
after "charon killed and restarted"

guest 'lab cut ikev2 && lab read ikev2 1' || fail "the connection does not come back"
after "reconnected from another port"

guest 'kill -KILL $(busybox pidof iscsid)
  while busybox pidof iscsid; do :; done >/dev/null
  setsid iscsid -f >>/run/lab/iscsid.log 2>&1 </dev/null &
  until grep -q ISCSIADM_ABSTRACT_NAMESPACE /proc/net/unix; do :; done; lab cut ikev2 && lab read ikev2 1
  lab read ikev1 1' || fail "iscsid does not take its sessions up again"
after "iscsid restarted" both   # it connects all of them anew, ikev1 perhaps after ikev2 is read

# The collector sees neither the one session's end nor the other's beginning.
guest 'kill -STOP $(cat /run/lab/collect.pid); lab logout ikev2; lab login ikev2; lab read ikev2 1
  kill -CONT $(cat /run/lab/collect.pid)'
after "logged out and in between two scans"

guest '. /qm/lab/guest/lib.sh; scenario ikev2
  ip addr add $ini_addr/32 dev lo; ip addr del $ini_addr/$prefix dev va; lab read ikev2 1'
after "its address moved to another interface"
said=$(guest 'quickmode sessions --json' |
  jq -r '.sessions[] | select(.target | endswith(":ikev2")) | .protection')
check "and it is protected still" protected "$said"
guest '. /qm/lab/guest/lib.sh; scenario ikev2
  ip addr add $ini_addr/$prefix dev va noprefixroute; ip addr del $ini_addr/32 dev lo'

guest '{ lab read ikev2 4; } & for try in 1 2 3; do lab daemons kill collect; lab daemons start; done
  wait; lab daemons sampled'
after "the collector killed in full traffic, three times"
