# shellcheck shell=bash disable=SC2154
# Every kind of session, one after the other, each with an adapter of its own: the counters are what
# ip says of its SAs, the verdict is right and says why, and nothing of it lands elsewhere.

summed='ActiveSA ActiveTunnels PacketsNotAuthenticated PacketsWithReplayDetection
  ConfidentialBytesSent ConfidentialBytesReceived AuthenticatedBytesSent AuthenticatedBytesReceived
  TransportBytesSent TransportBytesReceived TunnelBytesSent TunnelBytesReceived'

# Sets now_… (the adapter's), all_… (the host's), truth_… and verdict, of one moment.
look() {
  local said
  said=$(guest "for try in 1 2 3 4 5 6; do
      a=\$(lab truth $1); b=\$(quickmode show --instance $1 --json
        quickmode show Quickmode_HostIPSECStats --json; quickmode sessions --json)
      [ \"\$a\" != \"\$(lab truth $1)\" ] || break
    done; echo \"\$b\"; echo \"\$a\"") || { fail "$1: $said"; return 1; }
  take now "$(sed -n 1p <<<"$said")"
  take all "$(sed -n 2p <<<"$said")"
  verdict=$(sed -n 3p <<<"$said" | jq -r --arg target "iqn.2026-11.lab:$1" \
    '.sessions[] | select(.target == $target) | .protection + ": " + .reason')
  local line
  while IFS= read -r line; do printf -v "truth_${line%%=*}" %s "${line#*=}"; done \
    < <(sed 1,3d <<<"$said")
}

# listed PREFIX [MINUS]: its counters, or what they are more than MINUS's, in a line.
listed() {
  local counter out=
  for counter in $summed; do
    local value=$1_$counter before=${2:-none}_$counter
    out+=" $counter=$((${!value} - ${!before:-0}))"
  done
  echo "${out# }"
}

# agrees NAME WHAT: everything that counted is its SAs', and nobody else has any of it.
agrees() {
  check "$1 $2: the counters are its SAs'" "$(listed truth)" "$(listed now)"
  check "$1 $2: nothing lands elsewhere" "$(listed now)" "$(listed all before)"
  check "$1 $2: nothing is unattributed" \
    "$before_UnattributedConfidentialBytesReceived $before_UnattributedTransportBytesSent" \
    "$all_UnattributedConfidentialBytesReceived $all_UnattributedTransportBytesSent"
}

# kinds NAME…: all up at once, some traffic, compare; each verdict is as ${verdicts[NAME]} says. Without
# one: it comes later.
kinds() {
  local name said
  take before "$(guest 'quickmode show Quickmode_HostIPSECStats --json')"
  guest "lab up $* && for name in $*; do lab read \$name 1 & lab write \$name 1 & done; wait" ||
    fail "$*: not all come up"
  for name in "$@"; do
    look "$name" || continue
    [[ -z ${verdicts[$name]:-} ]] || check "$name: verdict" "${verdicts[$name]}" "$verdict"
    check "$name: the counters are its SAs'" "$(listed truth)" "$(listed now)"
    check "$name: keys added, deleted, renewed" "1 0 0" \
      "$now_KeyAdditions $now_KeyDeletions $now_ReKeys"
    check "$name: more than 1 MiB each way" yes \
      "$( ((now_ConfidentialBytesReceived + now_AuthenticatedBytesReceived > 1 << 20 &&
        now_ConfidentialBytesSent + now_AuthenticatedBytesSent > 1 << 20)) && echo yes)"
  done
  (($# > 1)) || { agrees "$1" "1 MiB each way"; return; }
  # iSCSI pings: again until the host rests while its adapters are looked at.
  for _ in 1 2 3 4 5 6 7 8 9; do
    said=$(guest 'for class in Quickmode_HostIPSECStats MSiSCSI_QMIPSECStats \
      Quickmode_HostIPSECStats; do quickmode show $class --json; done')
    take rest "$(sed -n 1p <<<"$said")"
    take all "$(sed -n 3p <<<"$said")"
    [[ $(listed rest) != "$(listed all)" ]] || break
  done
  check "$*: nothing lands elsewhere" "$(listed all before)" "$(sed -n 2p <<<"$said" |
    jq -r --arg names "$*" --arg counters "$summed" '
      [.instances[] | select(.name as $name |
        any($names | split(" ")[]; . as $one | $name | endswith("\\" + $one + "_0")))] as $ours |
      [$counters | splits("\\s+") | . as $counter |
        "\(.)=\([$ours[].properties[$counter]] | add)"] | join(" ")')"
  check "$*: nothing is unattributed" \
    "$before_UnattributedConfidentialBytesReceived $before_UnattributedTransportBytesSent" \
    "$all_UnattributedConfidentialBytesReceived $all_UnattributedTransportBytesSent"
}
down() { guest "for name in $*; do lab down \$name; done" || fail "$*: do not go down"; }

protected='protected: policy and live SAs, both ways'
integrity='integrity only: the outbound SAs authenticate but do not encrypt'
declare -A verdicts=(
  [esp-tunnel]=$protected [ah-esp]=$protected [beet]=$protected [esn]=$protected
  [chacha20poly1305]=$protected [manual]=$protected [ah]=$integrity [null]=$integrity
  [null-clear]='unprotected: the outbound SA neither encrypts nor authenticates (NULL, no integrity)'
  # Through an xfrm interface: policies without an id say nothing of it.
  [if-id]=$protected [natt]=$protected [optional]=$protected
)
guest 'lab daemons start; for name in $(lab ups); do lab down $name; done; lab daemons sampled'

several=(esp-tunnel ah-esp beet esn chacha20poly1305 manual ah null null-clear if-id)
kinds "${several[@]}"
down "${several[@]}"

# Netfilter's marks are its own business: what moves tells whether the packets have them.
kinds marks
guest 'for try in 1 2 3 4 5 6 7 8 9; do
    lab read marks 1; quickmode sessions --json | grep -q agrees && break; done'
look marks
check "marks: verdict" 'protected: the outbound policy is for packets with mark 0x11, and all that moved was on its SAs' "$verdict"
down marks

# Behind a NAT, which then maps the target's port anew: the SAs move, no key is negotiated.
kinds natt
guest 'lab rebind natt 46002 && lab read natt 1'
look natt
agrees natt rebound
check "natt rebound: keys added, deleted, renewed" "1 0 0" \
  "$now_KeyAdditions $now_KeyDeletions $now_ReKeys"
check "natt rebound: verdict" "$protected" "$verdict"
down natt

# IPsec when there is an SA; without, the traffic flows in the clear, and nothing is counted.
kinds optional
guest 'ip xfrm state flush proto esp; ip -n tgt xfrm state flush proto esp; lab read optional 1'
look optional
check "optional, no SA: verdict" \
  'unprotected: the outbound policy makes IPsec optional (level use) and no SA is live' "$verdict"
down optional
