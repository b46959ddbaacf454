# shellcheck shell=bash disable=SC2154
# The main job: the 18 counters against the kernel's own, through connect, 16 MiB read and 4 MiB
# written, three rekeys under traffic, terminate, reconnect, logout and login; IKEv1 and IKEv2.

# shown NAME PREFIX: the class's counters of a session's adapter become PREFIX_Counter; NULL is -1.
shown() {
  values "$2" "quickmode show --instance 'ROOT\\ISCSI_TCP\\$1_0' --json | tr ',{}' '\n\n\n' |
    sed -n 's/^\"\([A-Za-z]*\)\": *\([0-9]*\|null\)$/\1=\2/p' | sed 's/null/-1/'"
}

# against NAME WHAT: bytes as the kernel's SAs, living and dead, counted them.
against() {
  shown "$1" qm
  values sa "lab finals $1"
  check "$1 $2: ConfidentialBytesSent" "$sa_out_bytes" "$qm_ConfidentialBytesSent"
  check "$1 $2: ConfidentialBytesReceived" "$sa_in_bytes" "$qm_ConfidentialBytesReceived"
  check "$1 $2: TransportBytesSent" "$sa_out_bytes" "$qm_TransportBytesSent"
  check "$1 $2: TransportBytesReceived" "$sa_in_bytes" "$qm_TransportBytesReceived"
  check "$1 $2: PacketsWithReplayDetection" "$sa_in_packets" "$qm_PacketsWithReplayDetection"
  check "$1 $2: PacketsNotAuthenticated" 0 "$qm_PacketsNotAuthenticated"
  check "$1 $2: KeyAdditions" "$sa_out_sas" "$qm_KeyAdditions"
  check "$1 $2: KeyDeletions" $((sa_out_sas - qm_ActiveSA)) "$qm_KeyDeletions"
  check "$1 $2: no AH, no tunnel" "0 0 0 0 0" "$qm_AuthenticatedBytesSent \
$qm_AuthenticatedBytesReceived $qm_TunnelBytesSent $qm_TunnelBytesReceived $qm_ActiveTunnels"
  check "$1 $2: errors of the host are nobody's here" "-1 -1" \
    "$qm_BadSPIPackets $qm_PacketsNotDecrypted"
}

for name in ikev1 ikev2 ikev2-ipv6; do
  shown "$name" before
  against "$name" "at first"
  check "$name: ActiveSA" 1 "$qm_ActiveSA"
  guest "lab read $name 16 && lab write $name 4"
  against "$name" "16 MiB read, 4 MiB written"
  guest "lab read $name 6 & lab write $name 2 & lab rekey $name; lab rekey $name; lab rekey $name
    wait" >/dev/null
  against "$name" "three rekeys under traffic"
  check "$name: ReKeys" $((before_ReKeys + 3)) "$qm_ReKeys"
  check "$name: ActiveSA" 1 "$qm_ActiveSA"
  guest "lab logout $name && lab terminate $name"
  against "$name" terminated
  check "$name: ActiveSA" 0 "$qm_ActiveSA"
  check "$name: PendingKeyOperations" 0 "$qm_PendingKeyOperations"
  guest "lab login $name && lab read $name 1"
  against "$name" "logged in again"
  check "$name: ActiveSA" 1 "$qm_ActiveSA"
  check "$name: ReKeys" $((before_ReKeys + 3)) "$qm_ReKeys"
  guest "lab terminate $name && lab reconnect $name && lab read $name 1"
  against "$name" reconnected
  check "$name: KeyAdditions" $((before_KeyAdditions + 5)) "$qm_KeyAdditions"
done

shown clear qm
check "clear: nothing" "0 0 0" "$qm_ActiveSA $qm_ConfidentialBytesSent $qm_KeyAdditions"
