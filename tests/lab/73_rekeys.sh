# shellcheck shell=bash disable=SC2154
# Rekeys under full traffic, IKEv1 and IKEv2 at once, 50 each (QM_SOAK=1: 1,000). With probes every
# byte is there: what netfilter saw of the sessions' TCP, to the byte. Without, what is missing is
# declared: at least so much.

rekeys=$([[ -n ${QM_SOAK:-} ]] && echo 1000 || echo 50)

quality_of() {
  guest "quickmode show --instance $1 --json" |
    jq -r ".instances[0].quality.$2.quality // \"exact\""
}

# stormed WORDS: the daemons anew with these settings, the sessions too; the rekeys, with traffic
# until the last is over, and at least three rounds of it: 50 rekeys can be quicker.
stormed() {
  guest "lab daemons stop; for name in \$(lab ups); do lab down \$name; done
    rm -f /run/quickmode/ledger.state; $1 lab daemons start; lab up ikev1 ikev2
    lab daemons sampled; lab watch ikev1 start; lab watch ikev2 start"
  for name in ikev1 ikev2; do values "before_$name" "lab watch $name show; $(counters $name)"; done
  LAB_EXEC_TIMEOUT_S=$((120 + rekeys * 6)) guest "for name in ikev1 ikev2; do
      { rounds=0; while ((rounds++ < 3)) || [[ ! -e /run/lab/enough.\$name ]]; do
          lab read \$name 4; lab write \$name 1; done; } & traffic[\${#traffic[@]}]=\$!
      lab rekeys \$name $rekeys & storm[\${#storm[@]}]=\$!
    done
    code=0; for job in \${storm[@]}; do wait \$job || code=1; done
    touch /run/lab/enough.ikev1 /run/lab/enough.ikev2; wait \${traffic[@]}
    rm /run/lab/enough.*; exit \$code" || fail "the rekeys did not all come"
  # The last words on dead SAs may be a moment behind.
  guest 'for name in ikev1 ikev2; do for try in 1 2 3 4 5 6 7 8 9; do
    quickmode show --instance $name --json | grep -q "awaits" || break; done; done'
}

# missing NAME: how much of what netfilter saw is not in the counters, out and in.
missing() {
  still "after_$1" "lab watch $1 show" "$(counters "$1")"
  local name side counter
  for side in out:Sent in:Received; do
    counter=ConfidentialBytes${side#*:} side=${side%:*}
    local tcp0=before_$1_tcp_${side}_bytes tcp1=after_$1_tcp_${side}_bytes
    local qm0=before_$1_$counter qm1=after_$1_$counter
    printf -v "missing_$side" %s $((${!tcp1} - ${!tcp0} - (${!qm1} - ${!qm0})))
    printf -v "moved_$side" %s $((${!tcp1} - ${!tcp0}))
  done
}

stormed ''
for name in ikev1 ikev2; do
  missing $name
  check "$name, $rekeys rekeys with probes: no byte is missing, out and in" "0 0" \
    "$missing_out $missing_in"
  check "$name: there was traffic" yes "$( ((moved_in > 8 << 20 && moved_out > 2 << 20)) && echo yes)"
  check "$name: and nothing is declared missing" "exact exact" \
    "$(quality_of $name ConfidentialBytesSent) $(quality_of $name ConfidentialBytesReceived)"
  renewed=after_${name}_ReKeys was=before_${name}_ReKeys
  check "$name: ReKeys" "$rekeys" $((${!renewed} - ${!was}))
  active=after_${name}_ActiveSA
  check "$name: ActiveSA" 1 "${!active}"
done

stormed LAB_PROBES=no
for name in ikev1 ikev2; do
  missing $name
  for side in out:Sent in:Received; do
    lost=missing_${side%:*}
    quality=$(quality_of $name "ConfidentialBytes${side#*:}")
    [[ ${!lost} == 0 || ( ${!lost} -gt 0 && $quality == "at least" ) ]] && answer=yes ||
      answer="${!lost} B are missing, $quality"
    check "$name without probes, ${side%:*}: what is missing is declared" yes "$answer"
  done
  renewed=after_${name}_ReKeys was=before_${name}_ReKeys
  check "$name without probes: ReKeys" "$rekeys" $((${!renewed} - ${!was}))
done
guest 'lab daemons stop; rm -f /run/quickmode/ledger.state; lab daemons start'
