# shellcheck shell=bash disable=SC2154
# Under a live session policies are deleted: it falls into the clear, which is seen within a second
# of the change, and nothing is counted; then they come back, and it is protected and counted again.

# A ledger of its own: its totals are compared with the live SAs' counters.
guest 'lab daemons stop; for name in $(lab ups); do lab down $name; done
  rm -f /run/quickmode/ledger.state; lab daemons start; lab up manual &&
  lab read manual 1 && lab daemons sampled'

# changed add|remove CODE: the change, and how long until audit's exit code is CODE.
changed() {
  values seen "quickmode audit >/dev/null; lab policies $1 manual; began=\${EPOCHREALTIME/./}
    for try in 1 2 3 4 5; do
      quickmode audit >/dev/null; code=\$?; took_us=\$((\${EPOCHREALTIME/./} - began))
      [[ \$code != $2 ]] || break
    done; echo code=\$code; echo took_us=\$took_us"
}

values with 'lab truth manual'
changed remove 1
check "policies deleted: audit says so" 1 "$seen_code"
check "within a second" yes "$( ((seen_took_us < 1000000)) && echo yes || echo "$seen_took_us us")"
said=$(guest 'quickmode sessions --json' | jq -r '.sessions[] | .protection + ": " + .reason')
check "and why" 'unprotected: no IPsec policy matches it, in either direction' "$said"
guest 'lab read manual 1'
values without "$(counters manual)"
check "what passes in the clear is not counted" \
  "$with_ConfidentialBytesReceived $with_ConfidentialBytesSent" \
  "$without_ConfidentialBytesReceived $without_ConfidentialBytesSent"

changed add 0
check "protection added in mid-session: audit" 0 "$seen_code"
check "within a second" yes "$( ((seen_took_us < 1000000)) && echo yes || echo "$seen_took_us us")"
guest 'lab read manual 1'
values truth 'lab truth manual'
values back "$(counters manual)"
check "it is counted from there" "$truth_ConfidentialBytesReceived $truth_ConfidentialBytesSent" \
  "$back_ConfidentialBytesReceived $back_ConfidentialBytesSent"
check "which is another MiB" yes \
  "$( ((back_ConfidentialBytesReceived - without_ConfidentialBytesReceived > 1 << 20)) && echo yes)"

# Policies for one interface only: the kernel looks at the one that packets leave and come in by.
guest 'lab policies remove manual; export LAB_POLICY_DEV=yes; lab policies add manual; lab read manual 1'
said=$(guest 'quickmode sessions --json' | jq -r '.sessions[] | .protection + ": " + .reason')
check "policies of the session's interface" 'protected: policy and live SAs, both ways' "$said"
values truth 'lab truth manual'
values dev "$(counters manual)"
check "their SAs are counted" "$truth_ConfidentialBytesReceived $truth_ConfidentialBytesSent" \
  "$dev_ConfidentialBytesReceived $dev_ConfidentialBytesSent"
guest 'LAB_POLICY_DEV=yes lab policies remove manual; lab policies add manual; lab down manual'

# What the policies do not show: packets that netfilter marks, and a policy for these that lets them
# pass. The session moves, its SAs do not.
evidence() {
  guest "for try in 1 2 3 4 5 6 7 8 9; do
      lab read ikev2 1; said=\$(quickmode sessions --json); [[ \$said != *'\"evidence\":\"$1'* ]] || break
    done; echo \"\$said\"" |
    jq -r '.sessions[] | select(.target | endswith(":ikev2")) | .evidence + ", " + .protection'
}
guest 'lab up ikev2'
check "all that moves is on its SAs" "agrees, protected" "$(evidence agrees)"
guest 'lab bypass ikev2 start'
check "a bypass that no policy of its own shows" "missing, unknown" "$(evidence missing)"
guest 'quickmode audit >/dev/null' && code=0 || code=$?
check "audit can't tell" 3 "$code"
guest 'lab bypass ikev2 stop'
check "and back" "agrees, protected" "$(evidence agrees)"
