# shellcheck shell=bash disable=SC2154
# Two sessions, and two adapters, on one pair of SAs, beside a tunnel that serves none: what both may
# have moved is nobody's and said so, the host has each SA once, and the tunnel's bytes are not there.

shown='quickmode show --instance pair-a --json; quickmode show --instance pair-b --json
  quickmode show Quickmode_HostIPSECStats --json'
# Sets a_…, b_…, host_…, and the words in $said.
look_at_pair() {
  said=$(guest "for try in 1 2 3 4 5 6; do
      before=\$(lab truth pair-a); out=\$($shown); [ \"\$before\" != \"\$(lab truth pair-a)\" ] || break
    done; echo \"\$out\"; echo \"\$before\"")
  take a "$(sed -n 1p <<<"$said")"
  take b "$(sed -n 2p <<<"$said")"
  take host "$(sed -n 3p <<<"$said")"
  local line
  while IFS= read -r line; do printf -v "truth_${line%%=*}" %s "${line#*=}"; done \
    < <(sed 1,3d <<<"$said")
}

guest 'lab daemons start; for name in $(lab ups); do lab down $name; done; lab daemons sampled'
take start "$(guest 'quickmode show Quickmode_HostIPSECStats --json')"
guest 'lab up pair-a && lab read pair-a 1'
values truth 'lab truth pair-a'
values a "$(counters pair-a)"
alone=$a_ConfidentialBytesReceived
check "alone, all is its own" "$truth_ConfidentialBytesReceived" "$alone"
guest 'lab up pair-b beside && lab read pair-b 1 && lab read pair-a 1
  busybox ping -c 3 -s 1000 10.98.23.2 >/dev/null'
look_at_pair
values tunnel 'lab truth beside'
check "the tunnel beside carries something" yes \
  "$( ((tunnel_TunnelBytesSent > 3000 && tunnel_TunnelBytesReceived > 3000)) && echo yes)"
for counter in ConfidentialBytesSent ConfidentialBytesReceived TransportBytesSent \
  TransportBytesReceived TunnelBytesSent TunnelBytesReceived PacketsWithReplayDetection ActiveSA \
  KeyAdditions; do
  own_a=a_$counter own_b=b_$counter all=host_$counter rest=host_Unattributed$counter
  before=start_$counter unclaimed=start_Unattributed$counter truth=truth_$counter
  # What other sessions left behind is part of the host's totals for good.
  check "$counter: adapters and the unattributed are the host's" \
    $((${!all} - ${!before})) $((${!own_a} + ${!own_b} + ${!rest} - ${!unclaimed}))
  [[ $counter == KeyAdditions ]] ||
    check "$counter: the host has what the pair counts" "${!truth}" $((${!all} - ${!before}))
done
check "one pair of SAs" 1 $((host_KeyAdditions - start_KeyAdditions))
check "what was its own stays" yes "$( ((a_ConfidentialBytesReceived >= alone)) && echo yes)"
for number in 1 2; do
  check "adapter $number says that it shares" "at least shared-sa" "$(sed -n ${number}p <<<"$said" |
    jq -r '.instances[0].quality.ConfidentialBytesReceived | .quality + " " + .reason')"
done
guest 'lab down pair-b; lab down pair-a; lab down beside'
