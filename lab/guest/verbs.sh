# shellcheck shell=bash disable=SC2154
# What can be done to a session. Every verb returns when it is true, or says why not.

default_scenarios=(ikev1 ikev2 ikev2-ipv6 clear)

verb_help() {
  cat <<'HELP'
lab up [NAME...]          addresses, target, policies, iface record, login (default: issue 2's four)
lab down NAME             logs out and takes its protection away; `lab up NAME` brings it again
lab login|logout NAME     the iSCSI session alone
lab read|write NAME MIB   moves that much, O_DIRECT, 1 MiB at a time
lab rekey NAME            a new child SA pair; returns when it is in use
lab rekeys NAME COUNT     many, as fast as they go
lab watch NAME start|show netfilter's count of its TCP, name=value
lab pluto start|stop      Libreswan's daemon for the initiator, once charon is killed
lab charon kill|start ini|tgt    an IKE daemon; `lab cut NAME`: its TCP connection is reset
lab terminate NAME        ends its IKE SA and all SAs; the trap policy stays
lab reconnect NAME        negotiates again at once, without waiting for traffic
lab forge NAME bad-spi|burst|bad-icv|short|replay|bad-padding COUNT   as if its target sent them
lab forge NAME spray COUNT   unknown SPIs, each from another address
lab policies add|remove NAME   of a scenario with manual keys; its SAs stay
lab bypass NAME start|stop     its packets get a mark, for which a policy lets them pass in the clear
lab rebind natt PORT      its NAT maps anew (46001-46009); returns when the SAs have followed
lab flush                 `ip xfrm state flush` on the initiator's side
lab counters NAME         the kernel's live SAs of this session: sums, name=value
lab truth NAME            what the byte counters must say of its live SAs, name=value
lab tcp NAME              its connection's counters, name=value
lab quiet NAME...         returns when their connections have rested for two seconds
lab finals NAME           sums over its live and dead SAs since `lab monitor start`, name=value
lab monitor start|stop    records the kernel's SA events (without keys)
lab disk NAME             /dev/sdX
lab unload MODULE...      kernel modules, in the order in which they can go; waits until nothing holds them
lab daemons start|stop|kill|status|sampled [collect|serve]
lab traffic start|stop    a gentle load on every session, with a rekey now and then
lab trouble start|stop    bad packets now and then; `manual` is in the clear for a minute
lab scenarios             their names; `lab ups`: those that are up
HELP
}

verb_scenarios() { scenario_names; }

verb_ups() {
  local one
  for one in /run/lab/up.*; do [[ ! -e $one ]] || echo "${one#/run/lab/up.}"; done
}

need_ground() {
  wait_for 90 test -e /run/lab/ground ||
    die "the ground is not ready: $(tail -n 3 /run/lab/ground.log)"
}

verb_up() {
  local names=() one
  local wanted=("$@")
  ((${#wanted[@]})) || wanted=("${default_scenarios[@]}")
  for one in "${wanted[@]}"; do [[ -e /run/lab/up.$one ]] || names+=("$one"); done
  ((${#names[@]})) || return 0
  need_ground
  local jobs=() sessions=()
  for one in "${names[@]}"; do
    scenario "$one"
    [[ $session == no ]] || sessions+=("$one")
  done
  make_targets "${sessions[@]}" &
  jobs+=($!)
  make_nodes "${sessions[@]}" &
  jobs+=($!)
  make_addresses "${names[@]}" || die "addresses were refused"
  for one in "${names[@]}"; do
    scenario "$one"
    before_up || die "$one: what it needs was refused"
    ((${#manual[@]} == 0)) || add_manual || die "$one: ip xfrm refused"
    [[ -n $ike ]] || continue
    if [[ -n $pluto ]]; then write_pluto_connection; else write_connection ini; fi
    write_connection tgt
  done
  load_connections tgt &
  jobs+=($!)
  load_connections ini &
  jobs+=($!)
  wait_all "${jobs[@]}" || die "the targets, nodes or policies were refused"
  for one in "${names[@]}"; do
    scenario "$one"
    [[ -z $pluto ]] || load_pluto_connection
  done
  jobs=()
  for one in "${sessions[@]}"; do
    verb_login "$one" &
    jobs+=($!)
  done
  wait_all "${jobs[@]}" || return 1
  for one in "${names[@]}"; do : >"/run/lab/up.$one"; done
}

verb_down() {
  scenario "$1"
  ! find_session || verb_logout "$1"
  if [[ -n $ike ]]; then
    if [[ -n $pluto ]]; then whack --delete --name "$name" >/dev/null
    else swan ini --terminate --ike "$name" --timeout 20 >/dev/null 2>&1; fi
    rm -f "$pluto_home/conf.d/$name".* "/run/ini/conf.d/$name.conf" "/run/tgt/conf.d/$name.conf"
    load_connections tgt
    load_connections ini
    # A daemon that was killed leaves its SAs behind.
    local netns
    for netns in '' '-n tgt'; do
      # shellcheck disable=SC2086  # no word, or two
      { ip $netns xfrm state deleteall src "$ini_addr" dst "$tgt_addr"
        ip $netns xfrm state deleteall src "$tgt_addr" dst "$ini_addr"; } 2>/dev/null
    done
  fi
  ((${#manual[@]} == 0)) || remove_manual
  after_down
  rm -f "/run/lab/up.$name"
}

load_connections() {
  local said
  [[ $1 == tgt ]] || ! pluto_runs || return 0   # in charon's place
  # Nothing to load, and nothing that was loaded before.
  [[ -e /run/$1/loaded ]] || compgen -G "/run/$1/conf.d/*.conf" >/dev/null || return 0
  : >"/run/$1/loaded"
  said=$(swan "$1" --load-all --noprompt --file "/run/$1/swanctl.conf" 2>&1) ||
    die "swanctl ($1): $said"
}

node() { iscsiadm -m node -T "$iqn" -p "$portal" -I "$name" "$@"; }

verb_login() {
  scenario "$1"
  local said
  find_session || said=$(timeout 60 iscsiadm -m node -T "$iqn" -p "$portal" -I "$name" --login \
    2>&1) || die "$name: login failed: $said"
  wait_for 20 find_disk || die "$name: logged in, but no disk came"
  if [[ -n $mounted ]] && ! mountpoint -q "$mounted"; then
    mkdir -p "$mounted"
    mount "$disk" "$mounted" || die "$name: mount failed"
  fi
}

verb_logout() {
  scenario "$1"
  local said
  [[ -z $mounted ]] || ! mountpoint -q "$mounted" || umount "$mounted"
  said=$(node --logout 2>&1) || die "$name: logout failed: $said"
  gone() { ! find_session; }
  wait_for 20 gone || die "$name: the session stays"
}

need_disk() { find_disk || die "$name: no disk (logged in?)"; }

verb_disk() { scenario "$1"; need_disk; echo "$disk"; }

verb_read() {
  scenario "$1"
  need_disk
  dd if="$disk" of=/dev/null bs=1M count="$2" iflag=direct status=none
}

# Onto the disk's second half, or into a file where a file system lies on it.
verb_write() {
  scenario "$1"
  need_disk
  if [[ -n $mounted ]]; then
    dd if=/dev/zero of="$mounted/written" bs=1M count="$2" oflag=direct conv=notrunc status=none
  else
    dd if=/dev/zero of="$disk" bs=1M count="$2" seek=$((size_mib / 2)) oflag=direct status=none
  fi
}

out_spis() {
  ip xfrm state list src "$ini_addr" dst "$tgt_addr" nokeys |
    awk '/proto esp|proto ah/ { spi = $4 } /auth|enc |aead/ && spi { print spi; spi = "" }' | sort
}

# Prints the SPI of the newest outbound SA.
verb_rekey() {
  scenario "$1"
  local before said
  before=$(out_spis)
  [[ -n $before ]] || die "$name: no SA to rekey"
  if [[ -n $pluto ]]; then said=$(whack --rekey-ipsec --name "$name" 2>&1)
  else said=$(swan ini --rekey --child "$name" 2>&1); fi || die "$name: $said"
  renewed() { [[ -n $(comm -13 <(echo "$before") <(out_spis)) ]]; }
  wait_for 20 renewed || die "$name: no new SA after the rekey: $said"
  comm -13 <(echo "$before") <(out_spis)
}

# lab unload MODULE...: tries until none of them is there.
verb_unload() {
  unloaded() { rmmod "$@"; ! lsmod | grep -qE "^($(IFS='|'; echo "$*")) "; }
  wait_for 10 unloaded "$@" || die "can't be unloaded: $(lsmod | grep -E "^$1 ")"
}

# lab rekeys NAME COUNT: so many in a row, as fast as they go.
verb_rekeys() {
  scenario "$1"
  /qm/bin/rekeys /run/ini/charon.vici "$name" "$2"
}

# lab watch NAME start|show: netfilter's own count of the session's TCP, name=value: bytes without
# IP's header, as SAs in transport mode count them. (TCP's counters leave out what came twice.)
verb_watch() {
  scenario "$1"
  local table=watch_$index
  if [[ $2 == start ]]; then
    nft -f - <<NFT
table ip $table
delete table ip $table
table ip $table {
  chain out {
    type filter hook output priority 0
    ip daddr $tgt_end tcp dport 3260 counter
  }
  chain in {
    type filter hook input priority 0
    ip saddr $tgt_end tcp sport 3260 counter
  }
}
NFT
    return
  fi
  nft list table ip "$table" | awk '
    $1 == "chain" { side = $2 }
    /counter packets/ { for (i = 1; i < NF; i++) if ($i == "packets") {
      printf "tcp_%s_packets=%d\ntcp_%s_bytes=%d\n", side, $(i + 1), side, $(i + 3) - 20 * $(i + 1) } }'
}

verb_terminate() {
  scenario "$1"
  local said
  if [[ -n $pluto ]]; then said=$(whack --terminate --name "$name" 2>&1)
  else said=$(swan ini --terminate --ike "$name" --timeout 20 2>&1); fi || die "$name: $said"
  no_sa() { [[ -z $(out_spis) ]]; }
  wait_for 20 no_sa || die "$name: SAs stay after terminate"
}

verb_reconnect() {
  scenario "$1"
  local said
  if [[ -n $pluto ]]; then said=$(whack --initiate --name "$name" 2>&1)
  else said=$(swan ini --initiate --child "$name" --timeout 20 2>&1); fi || die "$name: $said"
  has_sa() { [[ -n $(out_spis) ]]; }
  wait_for 20 has_sa || die "$name: no SA after reconnect: $said"
}

verb_charon() {
  local side=$2
  case $1 in
    kill) kill -KILL "$(<"/run/$side/pid")"; rm -f "/run/$side/charon.vici" ;;
    start)
      start_charon "$side"
      wait_for 60 test -S "/run/$side/charon.vici" || die "charon ($side) does not start"
      load_connections "$side"
      ;;
    *) die "lab charon kill|start ini|tgt" ;;
  esac
}

# Returns when iscsid has connected anew.
verb_cut() {
  scenario "$1"
  local before
  port() { cat "/sys/class/iscsi_connection/connection${session_dir##*session}:0/local_port"; }
  find_session || die "$1: no session"
  before=$(port)
  ss -K -t dst "$portal" >/dev/null || die "ss -K failed"
  anew() { [[ $(<"$session_dir/state") == LOGGED_IN && $(port) != "$before" ]]; }
  wait_for 60 anew || die "$1: its session does not come back"
}

# lab bypass NAME start|stop: nobody who looks at the session's own policies sees it.
verb_bypass() {
  scenario "$1"
  local ends="src $ini_end dst $tgt_end proto tcp dport 3260"
  local back="src $tgt_end dst $ini_end proto tcp sport 3260" verb=add allow=" priority 1 action allow"
  if [[ $2 == stop ]]; then
    verb=delete allow=
    nft delete table ip "bypass_$index"
  else
    nft -f - <<NFT
table ip bypass_$index {
  chain out {
    type route hook output priority -150
    ip daddr $tgt_end tcp dport 3260 meta mark set 0x77
  }
  chain in {
    type filter hook prerouting priority -150
    ip saddr $tgt_end tcp sport 3260 meta mark set 0x77
  }
}
NFT
  fi
  ip -batch - <<BATCH && ip -n tgt -batch - <<TARGET || die "$1: ip xfrm refused"
xfrm policy $verb $ends dir out mark 0x77$allow
xfrm policy $verb $back dir in mark 0x77$allow
BATCH
xfrm policy $verb ${ends% dport *} dir in$allow
xfrm policy $verb ${back% sport *} dir out$allow
TARGET
  # A policy that goes leaves a connection its cached route, in the clear, until TCP has timed out.
  ip -n tgt route flush cache
}

verb_flush() { ip xfrm state flush; }

# One gentle loop a session: some reading, less writing, a rekey each 30 s or so. Small enough that
# two cores of TCG still have time for everything else.
traffic_loop() {
  scenario "$1"
  local round=0
  while :; do
    if find_disk; then
      # More and less by turns, each session at its own pace.
      dd if="$disk" of=/dev/null bs=64k count=$((1 + round * (index % 3 + 2) / 3 % 8)) \
        skip=$((round % 200)) iflag=direct status=none
      if [[ -n $mounted ]]; then
        dd if=/dev/zero of="$mounted/traffic" bs=64k count=1 oflag=direct conv=notrunc status=none
      else
        dd if=/dev/zero of="$disk" bs=64k count=1 seek=$((512 + round % 200)) oflag=direct \
          status=none
      fi
    fi
    round=$((round + 1))
    if [[ -n $ike ]] && ((round % 15 == 5 + index)); then verb_rekey "$1" >/dev/null; fi
    nap 2
  done
}

verb_traffic() {
  local one
  case ${1:-} in
    start)
      for one in /run/lab/up.*; do
        [[ -e $one ]] || die "nothing is up"
        one=${one#/run/lab/up.}
        setsid "$0" traffic loop "$one" >>"/run/lab/traffic.log" 2>&1 </dev/null &
        echo $! >"/run/lab/traffic.$one.pid"
      done
      ;;
    loop) traffic_loop "$2" ;;
    stop)
      for one in /run/lab/traffic.*.pid; do
        [[ -e $one ]] || continue
        kill -- "-$(<"$one")" 2>/dev/null
        rm -f "$one"
      done
      ;;
    *) die "lab traffic start|stop" ;;
  esac
}
