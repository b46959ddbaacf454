# shellcheck shell=bash disable=SC2154
# Packets that nobody sent: from the target's address to this machine's, past every IKE daemon.

# Hex of N random bytes.
random_hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# send_esp HEX: the bytes as an ESP packet of its own.
send_esp() {
  local kind=IP4-SENDTO to=$ini_addr from=$tgt_addr bytes
  [[ $family == 4 ]] || kind=IP6-SENDTO to="[$ini_addr]" from="[$tgt_addr]"
  # shellcheck disable=SC2001  # each two characters: no pattern of bash's
  bytes=$(sed 's/../\\x&/g' <<<"$1")
  # shellcheck disable=SC2059  # the escapes are meant
  printf "$bytes" | in_tgt socat -u - "$kind:$to:50,bind=$from"
}

# SPI and last received sequence number of the newest inbound SA, as 8 hex digits each.
newest_inbound() {
  ip -s xfrm state list src "$tgt_addr" dst "$ini_addr" nokeys | awk '
    $1 == "proto" { spi = $4; sub(/\(.*/, "", spi); sub(/^0x/, "", spi) }
    $1 == "anti-replay" && $2 == "context:" { seq = $4; sub(/,/, "", seq); sub(/^0x/, "", seq)
      last_spi = spi; last_seq = seq }
    END { print last_spi, last_seq }'
}

# A third machine, as far as the kernel knows, that has the target's address and its SA's integrity
# key, but encrypts nothing: the ICV is right, and what the padding decrypts to is noise (about one
# in eight packets looks right by chance and is delivered as a protocol that nobody speaks).
send_bad_padding() {
  local spi=$1 seq=$2 key bits=32 mac
  [[ $family == 4 ]] || bits=128
  key=$(ip xfrm state get src "$tgt_addr" dst "$ini_addr" proto esp spi "0x$spi" |
    sed -n 's/^\tauth-trunc hmac(sha256) \(0x[0-9a-f]*\) 128$/\1/p')
  [[ -n $key ]] || die "$name: its SA has no key of hmac(sha256)"
  ip netns add frg
  ip link add frg0 type veth peer name frg1 netns frg
  ip link set frg0 up
  mac=$(cat /sys/class/net/frg0/address)
  ip -n frg -batch - <<BATCH
link set frg1 up
addr add $tgt_addr/$bits dev frg1$no_dad
route add $ini_addr/$bits dev frg1
neigh replace $ini_addr lladdr $mac dev frg1 nud permanent
xfrm state add src $tgt_addr dst $ini_addr proto esp spi 0x$spi reqid 9 mode transport \
  replay-oseq 0x$seq auth-trunc hmac(sha256) $key 128 enc ecb(cipher_null) ""
xfrm policy add src $tgt_addr/$bits dst $ini_addr/$bits proto udp dir out \
  tmpl src $tgt_addr dst $ini_addr proto esp reqid 9 mode transport
BATCH
  local to=$ini_addr i
  [[ $family == 4 ]] || to="[$ini_addr]"
  # UDP's 8 bytes, these and the trailer's 2: an IV and two blocks of AES.
  for ((i = 0; i < $3; i++)); do
    random_hex 19 | nsenter --net=/run/netns/frg socat -u - "UDP$family:$to:9"
  done
  ip link del frg0
  ip netns del frg
}

# One SPI that nobody knows here, as fast as the packets go: the target's kernel makes them of UDP, so
# that no process is started for each. With a second word each packet seems to come from another
# address (IPv4).
send_burst() {
  local count=$1 spi bits=32 of
  [[ -z ${2:-} ]] || in_tgt nft -f - <<NFT
table ip spray {
  chain sources {
    type filter hook postrouting priority 300
    ip protocol esp ip daddr $ini_addr ip saddr set numgen inc mod 60000 offset 0x0a610001
  }
}
NFT
  [[ $family == 4 ]] || bits=128
  spi=0x7e$(random_hex 3)
  of="src $tgt_addr dst $ini_addr proto esp spi $spi"
  ip -n tgt -batch - <<BATCH
xfrm state add $of reqid 9 mode transport auth-trunc hmac(sha256) 0x$(random_hex 32) 128 \
  enc ecb(cipher_null) ""
xfrm policy add src $tgt_addr/$bits dst $ini_addr/$bits proto udp dport 9 dir out \
  tmpl $of reqid 9 mode transport
BATCH
  # shellcheck disable=SC2016  # the other shell's own variables
  in_tgt bash -c 'exec 9>"/dev/udp/$1/9"; for ((i = 0; i < $2; i++)); do echo >&9; done' \
    burst "$ini_addr" "$count"
  ip -n tgt -batch - <<BATCH
xfrm policy delete src $tgt_addr/$bits dst $ini_addr/$bits proto udp dport 9 dir out
xfrm state delete $of
BATCH
  [[ -z ${2:-} ]] || in_tgt nft delete table ip spray
}

# lab forge NAME bad-spi|burst|spray|bad-icv|short|replay|bad-padding COUNT
verb_forge() {
  scenario "$1"
  local kind=$2 count=${3:-1} i spi seq
  [[ $kind != burst ]] || { send_burst "$count"; return; }
  [[ $kind != spray ]] || { send_burst "$count" everybody; return; }
  read -r spi seq < <(newest_inbound)
  printf -v spi %08x $((16#$spi))
  printf -v seq %08x $((16#$seq))
  [[ $kind != bad-padding ]] || { send_bad_padding "$spi" "$seq" "$count"; return; }
  for ((i = 1; i <= count; i++)); do
    case $kind in
      # Every one another SPI: a spray.
      bad-spi) send_esp "$(printf '%08x%08x' $((0x7f000000 + RANDOM)) "$i")$(random_hex 32)" ;;
      bad-icv) send_esp "$spi$(printf '%08x' $((16#$seq + i)))$(random_hex 64)" ;;
      # Too short for its initialization vector: it fails before the ICV is looked at.
      short) send_esp "$spi$(printf '%08x' $((16#$seq + i)))$(random_hex 4)" ;;
      # A number that was there before.
      replay) send_esp "$spi$seq$(random_hex 64)" ;;
      *) die "lab forge NAME bad-spi|burst|spray|bad-icv|short|replay|bad-padding COUNT" ;;
    esac
  done
}
