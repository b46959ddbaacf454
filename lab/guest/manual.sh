# shellcheck shell=bash disable=SC2154
# Protection without any IKE daemon: SAs and policies by `ip xfrm`, their keys random, made here and
# nowhere written down.

# The words of an SA's algorithms, with keys where @N stands.
with_keys() {
  local word
  for word in $1; do
    [[ $word != @* ]] || word=0x$(random_hex "${word#@}")
    printf ' %s' "$word"
  done
}

# ip's batch that makes the SAs of the loaded scenario; both sides hold the same.
manual_states() {
  local number=0 transformation proto mode from to reqid algorithms more
  for transformation in "${manual[@]}"; do
    proto=${transformation%:*} mode=${transformation#*:}
    reqid=${manual_reqid:-$((index * 10 + number))}
    algorithms=$esp_algorithms
    [[ $proto == esp ]] || algorithms=$ah_algorithms
    for from in "$ini_addr" "$tgt_addr"; do
      to=$tgt_addr more=
      [[ $from == "$ini_addr" ]] || to=$ini_addr
      # Marked packets find marked SAs; what comes in is looked up before anybody marks it.
      [[ -z $policy_mark || $from == "$tgt_addr" ]] || more=" mark $policy_mark"
      if [[ $mode == beet ]]; then
        more+=" sel src $ini_end dst $tgt_end"
        [[ $from == "$ini_addr" ]] || more=" sel src $tgt_end dst $ini_end"
      fi
      printf 'xfrm state add src %s dst %s proto %s spi 0x%x reqid %d mode %s replay-window 32' \
        "$from" "$to" "$proto" $((index * 4096 + 256 + number)) "$reqid" "$mode"
      printf '%s%s\n' "$(with_keys "$algorithms")" "$more"
    done
    number=$((number + 1))
  done
}

# manual_policies SIDE: ip's batch that makes the two policies, as that side sees them; with
# LAB_POLICY_DEV=yes the initiator's are for the session's interface only.
manual_policies() {
  local direction number transformation from to ports ends mark='' traffic dev=''
  [[ -z $policy_mark || $1 == tgt ]] || mark=" mark $policy_mark"
  [[ -z ${LAB_POLICY_DEV:-} || $1 == tgt ]] || dev=" dev $device"
  for direction in out in; do
    from=$tgt_addr to=$ini_addr ends="src $tgt_end dst $ini_end" ports="sport 3260"
    if [[ $1$direction == iniout || $1$direction == tgtin ]]; then
      from=$ini_addr to=$tgt_addr ends="src $ini_end dst $tgt_end" ports="dport 3260"
    fi
    traffic=" proto tcp $ports"
    [[ $session == yes ]] || traffic=   # whatever there is
    printf 'xfrm policy add %s%s%s dir %s%s' "$ends" "$traffic" "$dev" "$direction" "$mark"
    number=0
    for transformation in "${manual[@]}"; do
      printf ' tmpl src %s dst %s proto %s reqid %d mode %s level %s' "$from" "$to" \
        "${transformation%:*}" "${manual_reqid:-$((index * 10 + number))}" "${transformation#*:}" \
        "$level"
      number=$((number + 1))
    done
    printf '\n'
  done
}

add_manual() {
  local states
  states=$(manual_states)
  # The other side marks nothing.
  { echo "${states//" mark $policy_mark"}"; manual_policies tgt; } | ip -n tgt -batch - &&
    { echo "$states"; manual_policies ini; } | ip -batch -
}

# The same lines without what comes after the names of things.
remove_manual() {
  local states
  states=$(manual_states | sed -e 's/ reqid .*//')
  { manual_policies tgt; echo "$states"; } | sed -e 's/ add / delete /' -e 's/ tmpl .*//' |
    ip -n tgt -force -batch -
  { manual_policies ini; echo "$states"; } | sed -e 's/ add / delete /' -e 's/ tmpl .*//' |
    ip -force -batch -
}

# lab policies add|remove NAME: its manual policies alone, on both sides; its SAs stay.
verb_policies() {
  scenario "$2"
  local side changes
  for side in tgt ini; do
    changes=$(manual_policies "$side")
    [[ $1 == add ]] || changes=$(sed -e 's/ add / delete /' -e 's/ tmpl .*//' <<<"$changes")
    if [[ $side == tgt ]]; then ip -n tgt -batch - <<<"$changes"
    else ip -batch - <<<"$changes"; fi || die "$2: ip xfrm refused"
  done
}

# lab rebind NAME PORT: its target's NAT maps anew; returns when the SAs have followed.
verb_rebind() {
  scenario "$1"
  map_ports "$2"
  need_disk
  # One answer tells of the mapping: more would be in flight while the IKE daemon copies counters.
  dd if="$disk" of=/dev/null bs=4k count=1 iflag=direct status=none
  followed() {
    [[ $(ip xfrm state list src "$ini_addr" dst "$tgt_addr" nokeys) == *" dport $2 "* &&
      $(ip xfrm state list src "$tgt_addr" dst "$ini_addr" nokeys) == *" sport $2 "* ]]
  }
  wait_for 20 followed "$@" || die "$1: its SAs stay at the old port"
}

# lab truth NAME: the counters that are sums over SAs, from nothing but what ip says of those that
# live (DESIGN's table, once more). Where two SAs follow on another, AH is the outer one here.
verb_truth() {
  scenario "$1"
  { ip -s xfrm state list src "$ini_addr" dst "$tgt_addr" nokeys
    ip -s xfrm state list src "$tgt_addr" dst "$ini_addr" nokeys; } | awk -v ini="$ini_addr" '
    function count(kind, side, much) { sum[kind side] += much }
    function flush_sa(side) {
      if (src == "" || !algorithm) { src = ""; return }
      n++
      way[n] = src == ini ? "Sent" : "Received"
      proto_of[n] = proto; mode_of[n] = mode; bytes_of[n] = bytes; packets_of[n] = packets
      window_of[n] = window; failed_of[n] = failed
      reqid_of[n] = reqid
      if (proto == "esp") esp = 1
      src = ""
    }
    $1 == "src" && $3 == "dst" { flush_sa(); src = $2; algorithm = window = 0 }
    $1 == "proto" { proto = $2; for (i = 3; i < NF; i++) { if ($i == "mode") mode = $(i + 1)
      if ($i == "reqid") reqid = $(i + 1) } }
    $1 == "auth" || $1 == "auth-trunc" || $1 == "enc" || $1 == "aead" { algorithm = 1 }
    $1 == "replay-window" && $3 == "seq" { window = $2 }
    $1 == "replay_window" { window = $2 + 0 }
    /\(bytes\), [0-9]/ { split($0, part, /[^0-9]+/); bytes = part[2]; packets = part[3] }
    $1 == "replay-window" && $3 == "replay" { failed = $6 }
    END {
      flush_sa()
      for (i = 1; i <= n; i++) {
        outer = esp && proto_of[i] == "ah"
        count(proto_of[i] == "esp" ? "ConfidentialBytes" : "AuthenticatedBytes", way[i], bytes_of[i])
        if (!outer)
          count(mode_of[i] == "tunnel" ? "TunnelBytes" : "TransportBytes", way[i], bytes_of[i])
        if (way[i] == "Received" && window_of[i] > 0)
          count("PacketsWithReplayDetection", "", packets_of[i])
        if (way[i] == "Received") count("PacketsNotAuthenticated", "", failed_of[i])
        if (way[i] == "Sent" && !outer) {
          count("ActiveSA", "", 1)
          if (mode_of[i] == "tunnel" && !seen[reqid_of[i]]++) count("ActiveTunnels", "", 1)
        }
      }
      words = "ActiveSA ActiveTunnels PacketsNotAuthenticated PacketsWithReplayDetection"
      m = split("Confidential Authenticated Transport Tunnel", kinds, " ")
      for (i = 1; i <= m; i++)
        words = words " " kinds[i] "BytesSent " kinds[i] "BytesReceived"
      m = split(words, names, " ")
      for (i = 1; i <= m; i++) printf "%s=%.0f\n", names[i], sum[names[i]]
    }'
}

# map_ports PORT (46001-46009): what the target sends from port 4500 seems to come from that one,
# from now on; what is sent to an older one still arrives.
# ESP in UDP has no checksum (0); nft would "correct" that.
map_ports() {
  in_tgt nft -f - <<NFT
table ip nat_$index
delete table ip nat_$index
table ip nat_$index {
  chain out {
    type filter hook postrouting priority 100
    ip saddr $tgt_addr udp sport 500 udp sport set 50001
    ip saddr $tgt_addr udp sport 4500 udp sport set $1 udp checksum set 0
  }
  chain in {
    type filter hook prerouting priority -100
    ip daddr $tgt_addr udp dport 50001 udp dport set 500
    ip daddr $tgt_addr udp dport 46001-46009 udp dport set 4500 udp checksum set 0
  }
}
NFT
}

# Marks what goes to the portal, and what comes from it once it is decrypted. TCP does not know that
# netfilter will send its packets another way, where ESP takes some of the room.
mark_packets() {
  ip route replace "$network" dev va src "$ini_addr" rto_min 2s advmss 8800
  ip -n tgt route replace "$network" dev vb src "$tgt_addr" rto_min 2s advmss 8800
  nft -f - <<NFT
table ip mark_$index {
  chain out {
    type route hook output priority mangle
    ip daddr $tgt_end tcp dport 3260 meta mark set $policy_mark
  }
  chain in {
    type filter hook prerouting priority mangle
    ip saddr $tgt_end meta mark set $policy_mark
  }
}
NFT
}
