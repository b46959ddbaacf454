# shellcheck shell=bash disable=SC2154
# Packets that nobody sent: from the target's address to this machine's, past every IKE daemon.

# Hex of N random bytes.
random_hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }

# send_esp HEX: the bytes as an ESP packet of its own.
send_esp() {
  local kind=IP4-SENDTO to=$ini_addr from=$tgt_addr bytes
  [[ $family == 4 ]] || kind=IP6-SENDTO to="[$ini_addr]" from="[$tgt_addr]"
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

# lab forge NAME bad-spi|bad-icv|short|replay COUNT
verb_forge() {
  scenario "$1"
  local kind=$2 count=${3:-1} i spi seq
  read -r spi seq < <(newest_inbound)
  printf -v spi %08x $((16#$spi))
  printf -v seq %08x $((16#$seq))
  for ((i = 1; i <= count; i++)); do
    case $kind in
      # Every one another SPI: a spray.
      bad-spi) send_esp "$(printf '%08x%08x' $((0x7f000000 + RANDOM)) "$i")$(random_hex 32)" ;;
      bad-icv) send_esp "$spi$(printf '%08x' $((16#$seq + i)))$(random_hex 64)" ;;
      # Too short for its initialization vector: it fails before the ICV is looked at.
      short) send_esp "$spi$(printf '%08x' $((16#$seq + i)))$(random_hex 4)" ;;
      # A number that was there before.
      replay) send_esp "$spi$seq$(random_hex 64)" ;;
      *) die "lab forge NAME bad-spi|bad-icv|short|replay COUNT" ;;
    esac
  done
}
