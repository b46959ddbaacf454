# shellcheck shell=bash disable=SC2154
# What the kernel itself says of a session: the truth that tests compare with. All of it is
# name=value, one a line.

# Reads `ip -s xfrm state` or `ip -s xfrm monitor` text; prints one line an SA:
# what src dst proto spi mode larval bytes packets integrity_failed replay add_time
# `what` is live, deleted or expired.
sa_lines() {
  awk '
    function flush_sa() {
      if (spi != "" && bytes != "")
        print what, src, dst, proto, spi, mode, (algorithm ? "sa" : "larval"), bytes, packets,
              failed + 0, replay + 0, added
      spi = ""; bytes = ""; packets = ""; algorithm = 0; failed = 0; replay = 0; mode = "-"
    }
    /^(Deleted |Expired |Updated )?src / {
      flush_sa()
      what = $1 == "src" ? "live" : tolower($1)
      i = $1 == "src" ? 2 : 3
      src = $i; dst = $(i + 2)
    }
    $1 == "proto" {
      proto = $2; spi = $4; sub(/\(.*/, "", spi)
      for (i = 5; i < NF; i++) if ($i == "mode") mode = $(i + 1)
    }
    $1 == "auth" || $1 == "auth-trunc" || $1 == "enc" || $1 == "aead" { algorithm = 1 }
    /\(bytes\), / && in_current { split($0, part, /[^0-9]+/); bytes = part[2]; packets = part[3] }
    /lifetime current/ { in_current = 1 }
    /lifetime config/ { in_current = 0 }
    $1 == "add" && in_current { added = $2 "T" $3 }
    $1 == "replay-window" && $3 == "replay" { replay = $4; failed = $6; in_current = 0 }
    /^\thard / || /hard 1/ { if (what == "expired") what = "expired-hard" }
    END { flush_sa() }'
}

# sums: of sa_lines, by direction.
sums() {
  awk -v ini="$ini_addr" '
    $7 == "larval" { next }
    { side = $2 == ini ? "out" : "in"; sas[side]++; bytes[side] += $8; packets[side] += $9
      failed[side] += $10; replay[side] += $11 }
    END {
      split("in out", sides, " ")
      for (i = 1; i <= 2; i++) {
        s = sides[i]
        printf "%s_sas=%d\n%s_bytes=%.0f\n%s_packets=%.0f\n", s, sas[s], s, bytes[s], s, packets[s]
      }
      printf "integrity_failed=%d\nreplay=%d\n", failed["in"], replay["in"]
    }'
}

live_sas() {
  { ip -s xfrm state list src "$ini_addr" dst "$tgt_addr" nokeys
    ip -s xfrm state list src "$tgt_addr" dst "$ini_addr" nokeys; } | sa_lines
}

verb_counters() { scenario "$1"; live_sas | sums; }

# The connection's own counters; Δsa_bytes = Δtcp_bytes + 32 × Δsegments while every segment has a
# 32-byte header (timestamps, no SACK blocks).
verb_tcp() {
  scenario "$1"
  find_session || die "$1: no session"
  # Of a pair both have the same portal.
  local port
  port=$(cat "/sys/class/iscsi_connection/connection${session_dir##*session}:0/local_port")
  ss -Htin dst "$portal" sport = ":$port" | tr ' ' '\n' | awk -F: '
    $1 ~ /^(bytes_sent|bytes_retrans|bytes_acked|bytes_received|segs_out|segs_in|data_segs_out|data_segs_in)$/ {
      print $1 "=" $2 }'
}

# Returns when nothing has come or gone on the connections of these for two seconds.
verb_quiet() {
  local one
  for one in "$@"; do
    scenario "$one"
    rested() {
      ss -Htin dst "$portal" | tr ' ' '\n' | awk -F: '
        /^last(snd|rcv|ack):/ { n++; if ($2 < 2000) busy = 1 } END { exit busy || !n }'
    }
    wait_for 60 rested || die "$one: its connection is never quiet"
  done
}

# The kernel's own final words on SAs that died, for `finals`.
verb_monitor() {
  case ${1:-} in
    start)
      verb_monitor stop
      need_ground
      # `nokeys` does nothing for ip's monitor, so the keys go before anything is written.
      setsid bash -c "ip -s xfrm monitor SA expire 2>&1 |
        sed -u -E '/^\t(auth|auth-trunc|enc|aead) /s/0x[0-9a-f]+/0x/'" \
        >/run/lab/monitor.log </dev/null &
      echo $! >/run/lab/monitor.pid
      # A socket of XFRM with just these two groups is its; events before the join would be lost.
      joined() { awk '$2 == 6 && $4 == "00000006" { f = 1 } END { exit !f }' /proc/net/netlink; }
      wait_for 30 joined || die "the monitor did not join"
      ;;
    stop)
      [[ -e /run/lab/monitor.pid ]] || return 0
      kill -- "-$(</run/lab/monitor.pid)" 2>/dev/null
      rm -f /run/lab/monitor.pid
      ;;
    *) die "lab monitor start|stop" ;;
  esac
}

# One line for each SA of the session that ever was: its last words when it is dead, else what it
# counts now. False while an SA that the log saw begin is in neither (the monitor lags behind).
all_sas() {
  { live_sas | sed 's/^/now /'
    sa_lines </run/lab/monitor.log | sed 's/^/log /'; } |
    awk -v a="$ini_addr" -v b="$tgt_addr" '
      !($3 == a && $4 == b || $3 == b && $4 == a) { next }
      { sa = $3 " " $4 " " $5 " " $6; line = $0; sub(/^[a-z]+ /, "", line) }
      $8 == "larval" { next }
      $1 == "now" { living[sa] = line; next }
      $2 == "deleted" || $2 == "expired-hard" { dead[sa] = line; next }
      { begun[sa] = 1 }
      END {
        for (sa in begun) if (!(sa in living) && !(sa in dead)) exit 1
        for (sa in dead) print dead[sa]
        for (sa in living) if (!(sa in dead)) print living[sa]
      }'
}

verb_finals() {
  scenario "$1"
  [[ -e /run/lab/monitor.log ]] || die "lab monitor start first"
  local sas
  all_known() { sas=$(all_sas); }
  wait_for 20 all_known || die "$name: the monitor lost an SA"
  sums <<<"$sas"
}
