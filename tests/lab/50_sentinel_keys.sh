# shellcheck shell=bash disable=SC2154
# No key anywhere: SAs with sentinel keys, and the live SAs' real keys, are dumped, counted, deleted;
# then every 8-byte piece of them is looked for in memory, files and answers of the daemons. (No
# sentinel holds 01 23 45 67 89 ab cd ef: MD5 and SHA-1 begin with that, in libcrypto's constants.)

guest 'lab daemons start & lab up; wait; lab daemons sampled'

guest 'set -e
i=0
while [ $i -lt 64 ]; do
  i=$((i + 1))
  auth=$(printf "%08x" $i)5e0f1ee1c0ffee77a5a5d00dfeedface9e3f71c25a08d46b13579bdf
  enc=c1a0c1a0$(printf "%08x" $i)beefcafef00dbabe
  echo $auth; echo $enc
  ip xfrm state add src 10.98.0.1 dst 10.98.0.$i proto esp spi $((4096 + i)) reqid 4711 \
    mode transport auth-trunc "hmac(sha256)" 0x$auth 128 enc "cbc(aes)" 0x$enc
done >/run/lab/sentinels
ip xfrm state | sed -n "s/^\t\(auth-trunc\|auth\|enc\|aead\) [^ ]* 0x\([0-9a-f]*\).*/\2/p" >>/run/lab/sentinels
lab daemons stop collect; lab daemons start; lab daemons sampled   # a dump of them all
ip xfrm state deleteall src 10.98.0.1
lab rekey ikev1 >/dev/null; lab read ikev1 1; quickmode show >/dev/null'
guest 'sort -u /run/lab/sentinels >/run/lab/keys; wc -l </run/lab/keys
/qm/bin/find_keys $(cat /run/lab/collect.pid) $(cat /run/lab/serve.pid) </run/lab/keys' && code=0 ||
  code=$?
check "no piece of a key in the daemons' memory" 0 "$code"
guest 'cd /run/quickmode
{ cat ledger.state /run/lab/collect.log /run/lab/serve.log
  for c in $(quickmode classes --json | tr "," "\n" | sed -n "s/.*\"name\": *\"\([^\"]*\)\".*/\1/p")
  do busybox wget -qO- "http://127.0.0.1:5985/api/v1/instances/$c"; done; } >/run/lab/sent
# The finder itself finds: a process that does hold a piece.
K=$(printf "\\x5e\\x0f\\x1e\\xe1\\xc0\\xff\\xee\\x77") sleep 1000 & own=$!
/qm/bin/find_keys $own </run/lab/keys >/dev/null && exit 3
kill $own
od -An -v -tx1 /run/lab/sent | tr -d " \n" >/run/lab/sent.hex
while read -r key; do
  i=0
  while [ $i -le $((${#key} - 16)) ]; do echo "${key:$i:16}"; i=$((i + 2)); done
done </run/lab/keys | sort -u >/run/lab/pieces
! grep -q -F -f /run/lab/pieces /run/lab/sent.hex && ! grep -q -F -f /run/lab/pieces /run/lab/sent' &&
  code=0 || code=$?
check "no piece of a key in files, logs and answers" 0 "$code"
for which in collect serve; do
  said=$(guest "grep -E 'Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp:' /proc/\$(cat /run/lab/$which.pid)/status |
    tr -d '\t' | sort | tr '\n' ' '")
  [[ $which == collect ]] && bits=0000000000001000 || bits=0000000000000000
  [[ $said == *"CapEff:$bits"* && $said == *"CapPrm:$bits"* && $said == *"NoNewPrivs:1"* &&
    $said == *"Seccomp:2"* ]] &&
    answer=yes || answer=$said
  check "$which keeps no other right" yes "$answer"
  said=$(guest "grep 'not confined' /run/lab/$which.log; pid=\$(cat /run/lab/$which.pid)
    setpriv --reuid quickmode-$which --regid quickmode --clear-groups head -c 1 /proc/\$pid/mem 2>&1
    true")
  [[ $said == *"Permission denied"* && $said != *confined* ]] && answer=yes || answer=$said
  check "$which is confined, its memory closed to its own user" yes "$answer"
done
