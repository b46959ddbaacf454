# shellcheck shell=bash disable=SC2034
# What the guest's scripts share. Two sides: "ini" is this machine, "tgt" lives in the netns tgt
# behind a veth. A scenario is a file in scenarios/ that sets the variables below; each has its own
# addresses, target, disk and iface record, so that each is an adapter of its own.

initiator_iqn=iqn.2026-11.lab:ini
lio=/sys/kernel/config/target
lab_scenarios=/qm/lab/scenarios

say() { printf '%s\n' "$*" >&2; }
die() { say "lab: $*"; exit 1; }

# `ip netns exec` would remount /sys and so hide configfs.
in_tgt() { nsenter --net=/run/netns/tgt "$@"; }

# A pause without a process: forking is what costs time under TCG.
exec {nap_fd}<> <(:)
nap() { read -r -t "$1" -u "$nap_fd" _ || true; }

# Sets uptime_s. The wall clock won't do for deadlines: it steps while the guest boots.
read_uptime() { read -r uptime_s _ </proc/uptime; uptime_s=${uptime_s%.*}; }

# wait_for SECONDS COMMAND...: polls at a pace that leaves the processor to what is waited for.
wait_for() {
  local deadline_s
  read_uptime
  deadline_s=$((uptime_s + $1 + 1)); shift
  until "$@" >/dev/null 2>&1; do
    read_uptime
    ((uptime_s < deadline_s)) || return 1
    nap 0.05
  done
}

iscsid_listens() { grep -q ISCSIADM_ABSTRACT_NAMESPACE /proc/net/unix; }

# scenario NAME: loads it over the defaults.
scenario() {
  name=$1
  [[ -r $lab_scenarios/$name.sh ]] ||
    die "no scenario '$name'; there are: $(scenario_names)"
  index=          # 1..250, its own: it makes the addresses
  family=4        # 4 or 6
  ike=            # 1 or 2; empty: no policy, the session runs in the clear
  pluto=          # yes: Libreswan's daemon speaks it for the initiator
  ike_proposals=aes128-sha256-curve25519   # modp2048 takes seconds under TCG
  esp_proposals=aes128-sha256
  mode=transport
  ah_proposals=   # AH in place of ESP
  conn_more='' target_conn_more=''     # further lines of the connection in swanctl.conf
  child_more='' target_child_more=''   # … and of the child, on either side
  manual=()       # SAs without IKE: PROTO:MODE of each transformation, the innermost first
  esp_algorithms='enc cbc(aes) @16 auth-trunc hmac(sha256) @32 128'   # theirs; @N: N random bytes
  ah_algorithms='auth-trunc hmac(sha256) @32 128'
  manual_reqid=   # theirs (default: of its index)
  level=required  # their templates'
  policy_mark=    # VALUE; their policies', and the outbound SA's
  inner=          # yes: the session is between other addresses than the SAs
  if_id=          # of an xfrm interface that the (inner) session goes through
  addresses_of=   # another's index: the same two addresses, and so the same SAs
  session=yes     # no: nothing but the protection
  size_mib=64
  mounted=        # where its disk is mounted, with an ext4 of its own
  before_up() { :; }    # what else it needs, once its addresses are there
  after_down() { :; }
  # shellcheck source=/dev/null
  . "$lab_scenarios/$name.sh"
  [[ -n $index ]] || die "$name: index= is missing"
  local net=${addresses_of:-$index}
  if [[ $family == 6 ]]; then
    ini_addr=fd99:$net::1 tgt_addr=fd99:$net::2 prefix=64 host_prefix=128
    network=fd99:$net::/64
    # The search for duplicates would hold the address back for a second.
    no_dad=" nodad"
  else
    ini_addr=10.99.$net.1 tgt_addr=10.99.$net.2 prefix=24 host_prefix=32
    network=10.99.$net.0/24 no_dad=
  fi
  # ini_end and tgt_end: the session's ends; ini_addr and tgt_addr: the SAs'.
  ini_end=$ini_addr tgt_end=$tgt_addr
  [[ -z $inner ]] || ini_end=${ini_addr/99/98} tgt_end=${tgt_addr/99/98}
  device=va
  [[ -z $if_id ]] || device=xfrm$index
  portal=$tgt_end:3260
  [[ $family == 4 ]] || portal=[$tgt_end]:3260
  iqn=iqn.2026-11.lab:$name
}

scenario_names() {
  local file names=()
  for file in "$lab_scenarios"/*.sh; do file=${file##*/}; names+=("${file%.sh}"); done
  echo "${names[*]}"
}

# start_charon SIDE. Only the plugins named: the full set crashed under TCG's `-cpu max`.
start_charon() {
  local side=$1
  cat >"/run/$side/strongswan.conf" <<CONF
charon-systemd {
  load = random nonce aes sha1 sha2 hmac kdf gmp curve25519 kernel-netlink socket-default vici counters
  filelog {
    log {
      path = /run/$side/charon.log
      default = 1
      flush_line = yes
    }
  }
  plugins {
    vici {
      socket = unix:///run/$side/charon.vici
    }
  }
}
swanctl {
  load = random
}
CONF
  echo 'include conf.d/*.conf' >"/run/$side/swanctl.conf"
  if [[ $side == tgt ]]; then
    STRONGSWAN_CONF=/run/tgt/strongswan.conf in_tgt charon-systemd >/run/tgt/out 2>&1 &
  else
    STRONGSWAN_CONF=/run/ini/strongswan.conf charon-systemd >/run/ini/out 2>&1 &
  fi
  echo $! >"/run/$side/pid"
}

# swan SIDE WORDS...: swanctl of that side.
swan() {
  local side=$1 verb=$2; shift 2
  STRONGSWAN_CONF=/run/$side/strongswan.conf \
    swanctl "$verb" "$@" --uri "unix:///run/$side/charon.vici"
}

# The connection of the loaded scenario as SIDE sees it. The policy names the portal's port, as an
# administrator would write it: other traffic between the two is none of its business.
write_connection() {
  local side=$1 local_addr=$ini_addr remote_addr=$tgt_addr local_end=$ini_end remote_end=$tgt_end
  local local_port='' remote_port='[tcp/3260]' more=$child_more
  local more_of_it=$conn_more
  if [[ $side == tgt ]]; then
    local_addr=$tgt_addr remote_addr=$ini_addr local_end=$tgt_end remote_end=$ini_end
    local_port='[tcp/3260]' remote_port='' more=$target_child_more
    more_of_it=$target_conn_more
  fi
  local proposals="esp_proposals = $esp_proposals"
  [[ -z $ah_proposals ]] || proposals="ah_proposals = $ah_proposals"
  cat >"/run/$side/conf.d/$name.conf" <<CONF
connections {
  $name {
    version = $ike
    local_addrs = $local_addr
    remote_addrs = $remote_addr
    proposals = $ike_proposals
    mobike = no
    $more_of_it
    local {
      auth = psk
      id = $local_addr
    }
    remote {
      auth = psk
      id = $remote_addr
    }
    children {
      $name {
        mode = $mode
        local_ts = $local_end/$host_prefix$local_port
        remote_ts = $remote_end/$host_prefix$remote_port
        $proposals
        start_action = trap
        rekey_time = 1h
        $more
      }
    }
  }
}
secrets {
  ike-$name {
    id-1 = $local_addr
    id-2 = $remote_addr
    secret = "lab secret of $name"
  }
}
CONF
}

# All targets named, with as few processes as can be: each costs 50 ms and more under TCG.
make_targets() {
  local one tpg backstore acl dirs=() fresh=()
  for one in "$@"; do
    scenario "$one"
    tpg=$lio/iscsi/$iqn/tpgt_1
    [[ ! -e $tpg ]] || continue   # it was up before
    fresh+=("$one")
    dirs+=("$lio/core/fileio_$index/$name" "$tpg/lun/lun_0" "$tpg/acls/$initiator_iqn/lun_0"
      "$tpg/np/$portal")
    truncate -s "${size_mib}M" "/disks/$name.img"
    [[ -z $mounted ]] ||
      mkfs.ext4 -q -F -O ^has_journal -E lazy_itable_init=0,nodiscard "/disks/$name.img" || return
  done
  ((${#fresh[@]})) || return 0
  # A portal's socket lives in the netns of the process that makes its directory.
  in_tgt mkdir -p "${dirs[@]}" || return
  for one in "${fresh[@]}"; do
    scenario "$one"
    tpg=$lio/iscsi/$iqn/tpgt_1 backstore=$lio/core/fileio_$index/$name
    acl=$tpg/acls/$initiator_iqn   # a named initiator: only so can the target's pings be put off
    echo "fd_dev_name=/disks/$name.img,fd_dev_size=$((size_mib << 20))" >"$backstore/control" &&
      echo 1 >"$backstore/enable" &&
      ln -s "$backstore" "$tpg/lun/lun_0/disk" && ln -s "$tpg/lun/lun_0" "$acl/lun_0/disk" &&
      echo 0 >"$tpg/attrib/authentication" && echo 0 >"$acl/attrib/nopin_timeout" &&
      echo 1 >"$tpg/enable" || return
  done
}

make_addresses() {
  local one
  for one in "$@"; do
    scenario "$one"
    # An emulated processor stalls for longer than TCP's patience; a retransmission that nothing
    # was lost for would add SACK blocks, and the rule "32 bytes of header a segment" would break.
    printf '%s\n' "addr replace $ini_addr/$prefix dev va noprefixroute$no_dad" \
      "route replace $network dev va src $ini_addr rto_min 2s" >&3
    printf '%s\n' "addr replace $tgt_addr/$prefix dev vb noprefixroute$no_dad" \
      "route replace $network dev vb src $tgt_addr rto_min 2s" >&4
    [[ -n $inner ]] || continue
    [[ $device == va ]] || printf '%s\n' "link add $device type xfrm dev va if_id $if_id" \
      "link set $device mtu 8900 up" >&3
    printf '%s\n' "addr replace $ini_end/$host_prefix dev $device$no_dad" \
      "route replace $tgt_end/$host_prefix dev $device src $ini_end rto_min 2s" >&3
    printf '%s\n' "addr replace $tgt_end/$host_prefix dev vb$no_dad" \
      "route replace $ini_end/$host_prefix dev vb src $tgt_end rto_min 2s" >&4
  done 3>/run/lab/addr.ini 4>/run/lab/addr.tgt
  ip -batch /run/lab/addr.ini && ip -n tgt -batch /run/lab/addr.tgt
}

# The iface record is what makes the session an adapter of its own; the file is all there is to it.
make_nodes() {
  local one jobs=() code=0
  mkdir -p /etc/iscsi/ifaces
  for one in "$@"; do
    scenario "$one"
    printf 'iface.iscsi_ifacename = %s\niface.transport_name = tcp\n' "$name" \
      >"/etc/iscsi/ifaces/$name"
    iscsiadm -m node -T "$iqn" -p "$portal" -I "$name" --op=new >/dev/null &
    jobs+=($!)
  done
  wait_all "${jobs[@]}"
}

wait_all() {
  local job code=0
  for job in "$@"; do wait "$job" || code=1; done
  return $code
}

# Sets session_dir to /sys/class/iscsi_session/sessionN of the loaded scenario.
find_session() {
  local target
  for session_dir in /sys/class/iscsi_session/*; do
    [[ -e $session_dir/targetname ]] && read -r target <"$session_dir/targetname" &&
      [[ $target == "$iqn" ]] && return
  done 2>/dev/null
  session_dir=
  return 1
}

# Sets disk to /dev/sdX of the loaded scenario; there is no udev that would make links.
find_disk() {
  local block
  disk=
  find_session || return
  for block in "$session_dir"/device/target*/*/block/*; do
    disk=/dev/${block##*/}
    [[ -b $disk ]] && return
  done
  return 1
}
