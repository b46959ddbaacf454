# shellcheck shell=bash disable=SC2154
# The main job: the 18 counters against the kernel's own, through connect, 16 MiB read and 4 MiB
# written, three rekeys under traffic, terminate, reconnect, logout and login; IKEv1 and IKEv2. Without
# probes: with them quickmode knows more than the events that this compares with (60_probes).

# against NAME WHAT: everything as the kernel's SAs, living and dead, counted it.
against() {
  local name=$1 what=$2
  still qm "lab finals $name" "$(counters "$name")"
  check "$name $what: ConfidentialBytesSent" "$qm_out_bytes" "$qm_ConfidentialBytesSent"
  check "$name $what: ConfidentialBytesReceived" "$qm_in_bytes" "$qm_ConfidentialBytesReceived"
  check "$name $what: TransportBytesSent" "$qm_out_bytes" "$qm_TransportBytesSent"
  check "$name $what: TransportBytesReceived" "$qm_in_bytes" "$qm_TransportBytesReceived"
  check "$name $what: PacketsWithReplayDetection" "$qm_in_packets" "$qm_PacketsWithReplayDetection"
  check "$name $what: KeyAdditions" "$qm_out_sas" "$qm_KeyAdditions"
  check "$name $what: KeyDeletions" $((qm_out_sas - qm_ActiveSA)) "$qm_KeyDeletions"
  check "$name $what: no failures, AH or tunnels" "0 0 0 0 0 0" "$qm_PacketsNotAuthenticated \
$qm_AuthenticatedBytesSent $qm_AuthenticatedBytesReceived $qm_TunnelBytesSent \
$qm_TunnelBytesReceived $qm_ActiveTunnels"
  check "$name $what: the host's errors are nobody's" "-1 -1" \
    "$qm_BadSPIPackets $qm_PacketsNotDecrypted"
}

guest '[[ -e /run/lab/monitor.pid ]] || lab monitor start; LAB_PROBES=no lab daemons start & lab up; wait; lab daemons sampled'
names=(ikev1 ikev2 ikev2-ipv6)
# all 'COMMANDS with $name': for each of them, at once.
all() { guest "for name in ${names[*]}; do { $1; } & done; wait"; }
declare -A rekeys additions
for name in "${names[@]}"; do
  against "$name" "at first"
  rekeys[$name]=$qm_ReKeys additions[$name]=$qm_KeyAdditions
  check "$name: ActiveSA" 1 "$qm_ActiveSA"
done

# The names of variables have no hyphen.
for name in "${names[@]}"; do still "before_${name//-/_}" "lab tcp $name" "lab finals $name"; done
all 'lab read $name 16 && lab write $name 4'
for name in "${names[@]}"; do
  still after "lab tcp $name" "lab finals $name"
  before=before_${name//-/_}
  grew() { local was=${before}_$1 is=after_$1; echo $((${!is} - ${!was})); }
  # curlft of a transport-mode SA is TCP header and payload; every segment's header is 32 bytes.
  check "$name: TCP's own count, in" "$(grew in_bytes)" \
    $(($(grew bytes_received) + 32 * $(grew segs_in)))
  check "$name: TCP's own count, out" "$(grew out_bytes)" \
    $(($(grew bytes_sent) + 32 * $(grew segs_out)))
  against "$name" "16 MiB read, 4 MiB written"
done

all '{ lab read $name 6; lab write $name 2; } & lab rekey $name; lab rekey $name
  lab rekey $name; wait' >/dev/null
for name in "${names[@]}"; do
  against "$name" "three rekeys under traffic"
  check "$name: ReKeys" $((rekeys[$name] + 3)) "$qm_ReKeys"
  check "$name: ActiveSA" 1 "$qm_ActiveSA"
  check "$name: PendingKeyOperations" 0 "$qm_PendingKeyOperations"
done

all 'lab logout $name && lab terminate $name'
for name in "${names[@]}"; do
  against "$name" "logged out, terminated"
  check "$name: ActiveSA" 0 "$qm_ActiveSA"
done
all 'lab login $name && lab read $name 1'
for name in "${names[@]}"; do
  against "$name" "logged in again"
  check "$name: ActiveSA" 1 "$qm_ActiveSA"
done
all 'lab terminate $name && lab reconnect $name && lab read $name 1'
for name in "${names[@]}"; do
  against "$name" reconnected
  check "$name: ActiveSA" 1 "$qm_ActiveSA"
  check "$name: ReKeys" $((rekeys[$name] + 3)) "$qm_ReKeys"
  check "$name: KeyAdditions" $((additions[$name] + 5)) "$qm_KeyAdditions"
done

still qm "lab tcp clear" "$(counters clear)"
check "clear: nothing" "0 0 0" "$qm_ActiveSA $qm_ConfidentialBytesSent $qm_KeyAdditions"
