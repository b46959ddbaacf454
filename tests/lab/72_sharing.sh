# shellcheck shell=bash disable=SC2154
# Two sessions, and two adapters, on one pair of SAs, beside a tunnel that serves none. What each moves
# is told apart to the byte once it rests, by what TCP counts; in every generation adapters and the
# unattributed are the host's, which are the SAs'. With probes also across a logout; without, what is
# missing is declared.

# fresh WORDS: the daemons anew with these settings, no session, nothing remembered.
fresh() {
  guest "lab daemons stop; for name in \$(lab ups); do lab down \$name; done
    rm -f /run/quickmode/ledger.state; $1 lab daemons start; lab daemons sampled"
}

# beside: pair-b logs in while the collector does not look: what it reads of the SAs between a SYN and
# the session that sysfs shows is still the other's.
beside() {
  guest "kill -STOP \$(</run/lab/collect.pid); lab up $*; code=\$?
    kill -CONT \$(</run/lab/collect.pid); exit \$code"
}

# The shares of pair-a, of pair-b and of nobody, and what TCP counts of both: a_…, b_…, host_…,
# tcpa_…, tcpb_…; of one moment, at rest. The words of the two are left in $said.
look() {
  local sessions=${1:-pair-a pair-b}
  guest "lab quiet ${sessions%% *}"
  # A sample since.
  said=$(guest "for one in 1 2 3; do quickmode show Quickmode_HostIPSECStats --json >/dev/null; done
    for name in pair-a pair-b; do quickmode show --instance \$name --json; done
    quickmode show Quickmode_HostIPSECStats --json")
  take a "$(sed -n 1p <<<"$said")"
  take b "$(sed -n 2p <<<"$said")"
  take host "$(sed -n 3p <<<"$said")"
  values tcpa 'lab tcp pair-a'
  [[ $sessions != *pair-b* ]] || values tcpb 'lab tcp pair-b'
}

# keep: what look saw is was_….
keep() {
  local name
  for name in ${!a_*} ${!b_*} ${!host_*} ${!tcpa_*} ${!tcpb_*}; do
    printf -v "was_$name" %s "${!name}"
  done
}

# grew NAME: by how much since then. tcp a|b in|out: how much of it TCP knows of.
grew() { local was=was_$1; printf %s $((${!1} - ${!was})); }
tcp() {
  case $2 in
    in) printf %s $(($(grew "tcp$1_bytes_received") + 32 * $(grew "tcp$1_segs_in"))) ;;
    out) printf %s $(($(grew "tcp$1_bytes_sent") + 32 * $(grew "tcp$1_segs_out"))) ;;
  esac
}

# quality NUMBER COUNTER: of the adapter in that line of $said.
quality() {
  sed -n "$1p" <<<"$said" |
    jq -r ".instances[0].quality.$2 | if . == null then \"exact\" else .quality + \" \" + .reason end"
}
both() { printf '%s, %s' "$(quality 1 "$1")" "$(quality 2 "$1")"; }

# Looks at each generation that passes: one page is one of them. Counts them; says what is wrong.
watch_sums() {
  local page before='' port
  port=$(cat "$lab_dir/port")
  while [[ ! -e $lab_dir/enough ]]; do
    page=$(curl -sf "http://127.0.0.1:$port/metrics") || continue
    [[ $page != "$before" ]] || continue
    before=$page
    awk '
      { value = $NF; name = $0; sub(/\{.*/, "", name); side = ""
        if (match($0, /direction="[a-z]*"/)) side = substr($0, RSTART + 11, RLENGTH - 12) }
      name ~ /bytes/ && !/protocol="esp",mode="all"|protocol="esp"[^}]*mode="all"|sa="/ { next }
      name == "quickmode_ipsec_bytes_total" { adapters[side] += value }
      name == "quickmode_host_unattributed_bytes" { rest[side] += value }
      name == "quickmode_host_bytes_total" { host[side] += value }
      END {
        for (side in host) {
          if (adapters[side] + rest[side] != host[side])
            printf "%s: %d of adapters, %d of nobody, %d of the host\n", side, adapters[side],
              rest[side], host[side]
          print "looked"
        }
      }' <<<"$page"
  done
}

# A guest that is short of time drops packets between TCP and its SAs: what they were is nobody's to
# know, and is declared. Then from the beginning.
exact() {
  [[ "$(both ConfidentialBytesSent); $(both ConfidentialBytesReceived)" == \
    'exact, exact; exact, exact' ]]
}
never_more() {
  local one side
  for one in a b; do
    for side in Sent:out Received:in; do
      check "pair-$one: not exact, and not more than it moved" yes "$( (($(grew \
        "${one}_ConfidentialBytes${side%:*}") <= $(tcp $one "${side#*:}"))) && echo yes)"
    done
  done
}

for _ in 1 2 3; do
  fresh ''
  guest 'lab up pair-a && lab read pair-a 1 && lab quiet pair-a'
  values truth 'lab truth pair-a'
  values a "$(counters pair-a)"
  check "alone, all is its own" "$truth_ConfidentialBytesReceived" "$a_ConfidentialBytesReceived"

  beside pair-b beside
  guest 'busybox ping -c 3 -s 1000 10.98.23.2 >/dev/null'
  look
  check "a login beside an adapter at rest: all of it is the other's, in" \
    $((tcpb_bytes_received + 32 * tcpb_segs_in + 8)) "$b_ConfidentialBytesReceived"
  check "… and out" $((tcpb_bytes_sent + 32 * tcpb_segs_out + 8)) "$b_ConfidentialBytesSent"
  check "… nothing is nobody's" "0 0" \
    "$host_UnattributedConfidentialBytesSent $host_UnattributedConfidentialBytesReceived"
  check "… and it is exact" "exact, exact" "$(both ConfidentialBytesReceived)"
  check "a pair that both use is no single adapter's" "at least shared-sa, at least shared-sa" \
    "$(both ActiveSA)"
  values tunnel 'lab truth beside'
  check "the tunnel beside carries something" yes \
    "$( ((tunnel_TunnelBytesSent > 3000 && tunnel_TunnelBytesReceived > 3000)) && echo yes)"

  keep
  watch_sums >"$lab_dir/sums" &
  watcher=$!
  guest 'lab read pair-a 3 & lab write pair-a 1 & lab read pair-b 1 & lab write pair-b 2 & wait'
  look
  touch "$lab_dir/enough"
  wait "$watcher"
  rm "$lab_dir/enough"
  check "every generation: adapters and the unattributed are the host's" "" \
    "$(grep -v looked "$lab_dir/sums" | head -n 3)"
  check "… and several were seen" yes "$( (($(grep -c looked "$lab_dir/sums") >= 4)) && echo yes)"
  ! exact || break
  never_more
done
for one in a b; do
  check "pair-$one: what it received while the other did" "$(tcp $one in)" \
    "$(grew ${one}_ConfidentialBytesReceived)"
  check "pair-$one: what it sent" "$(tcp $one out)" "$(grew ${one}_ConfidentialBytesSent)"
  check "pair-$one: packets with replay detection" "$(grew "tcp${one}_segs_in")" \
    "$(grew ${one}_PacketsWithReplayDetection)"
done
check "it is exact, both ways" "exact, exact; exact, exact" \
  "$(both ConfidentialBytesSent); $(both ConfidentialBytesReceived)"
values truth 'lab truth pair-a'
for counter in ConfidentialBytesSent ConfidentialBytesReceived TransportBytesSent \
  TransportBytesReceived TunnelBytesSent TunnelBytesReceived PacketsWithReplayDetection ActiveSA \
  KeyAdditions; do
  own_a=a_$counter own_b=b_$counter all=host_$counter rest=host_Unattributed$counter
  truth=truth_$counter
  check "$counter: adapters and the unattributed are the host's" "${!all}" \
    $((${!own_a} + ${!own_b} + ${!rest}))
  [[ $counter == KeyAdditions ]] || check "$counter: the host has what the pair counts" \
    "${!truth}" "${!all}"
done
check "one pair of SAs" 1 "$host_KeyAdditions"

keep
guest 'lab read pair-b 1 && lab logout pair-b'
look pair-a
check "with probes, a logout: pair-a has its own" "$(tcp a in) $(tcp a out)" \
  "$(grew a_ConfidentialBytesReceived) $(grew a_ConfidentialBytesSent)"
check "… and pair-b the rest" \
  "$(grew host_ConfidentialBytesReceived) $(grew host_ConfidentialBytesSent)" \
  "$(($(grew a_ConfidentialBytesReceived) + $(grew b_ConfidentialBytesReceived))) $(($(grew \
    a_ConfidentialBytesSent) + $(grew b_ConfidentialBytesSent)))"
check "… exactly" "exact, exact; exact, exact" \
  "$(both ConfidentialBytesSent); $(both ConfidentialBytesReceived)"
keep
guest 'lab read pair-a 1'
look pair-a
check "alone again, all is its own" \
  "$(grew host_ConfidentialBytesReceived) $(grew host_ConfidentialBytesSent)" \
  "$(grew a_ConfidentialBytesReceived) $(grew a_ConfidentialBytesSent)"

for _ in 1 2 3; do
  fresh LAB_PROBES=no
  guest 'lab up pair-a && lab quiet pair-a && quickmode show --json >/dev/null'
  beside pair-b
  look
  keep
  guest 'lab read pair-a 1 & lab read pair-b 2 & wait'
  look
  ! exact || break
  never_more
done
for one in a b; do
  check "without probes, pair-$one: received and sent" "$(tcp $one in) $(tcp $one out)" \
    "$(grew ${one}_ConfidentialBytesReceived) $(grew ${one}_ConfidentialBytesSent)"
done
check "… exactly" "exact, exact; exact, exact" \
  "$(both ConfidentialBytesSent); $(both ConfidentialBytesReceived)"
keep
guest 'lab logout pair-b'
look pair-a
lost=$(grew host_UnattributedConfidentialBytesSent)
check "a logout without probes: its last bytes are nobody's" yes \
  "$( ((lost > 0 && lost < 1000)) && echo yes || echo "$lost")"
check "… and it says so" "at least shared-sa" "$(quality 2 ConfidentialBytesSent)"
check "… while the host has all" \
  "$(($(grew a_ConfidentialBytesSent) + $(grew b_ConfidentialBytesSent) + lost))" \
  "$(grew host_ConfidentialBytesSent)"
keep
guest 'lab read pair-a 1'
look pair-a
check "… and what comes later is told as before" "$(tcp a in) $(tcp a out)" \
  "$(grew a_ConfidentialBytesReceived) $(grew a_ConfidentialBytesSent)"
guest 'lab down pair-b; lab down pair-a; lab down beside
  lab daemons stop; rm -f /run/quickmode/ledger.state; lab daemons start'
