#!/bin/bash
# What every scenario stands on. Ends by making /run/lab/ground; its output is /run/lab/ground.log.
set -u
# shellcheck source=lab/guest/lib.sh
. /qm/lab/guest/lib.sh

mark() { read_uptime; echo "$uptime_s s ($EPOCHREALTIME): $*"; }
mark begin
ip link set lo up
modprobe -a veth virtio_net
ip netns add tgt
# Jumbo frames, as iSCSI networks have: a sixth of the packets to emulate.
ip link add va mtu 9000 type veth peer name vb mtu 9000
# A veth hands a packet to whichever processor sent it, so that two reorder each other's; then TCP
# sends again what was never lost. One processor for each direction keeps the order.
echo 1 >/sys/class/net/va/queues/rx-0/rps_cpus
echo 1 >/sys/class/net/vb/queues/rx-0/rps_cpus
ip link set vb netns tgt
ip link set va up
ip -n tgt link set lo up
ip -n tgt link set vb up
in_tgt bash -c 'echo 0 >/proc/sys/net/ipv4/tcp_early_retrans'
echo 0 >/proc/sys/net/ipv4/tcp_early_retrans   # no probes of a tail that only waits (see rto_min)

# The way from the host to the JSON API, and nothing else: serve itself stays on loopback.
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
socat TCP-LISTEN:5985,bind=10.0.2.15,fork,reuseaddr TCP:127.0.0.1:5985 2>/run/lab/socat.log &

mark "network up"
(
  modprobe -a xfrm_user esp4 esp6 authenc echainiv drbg
  mark "xfrm modules"
  mkdir -p /run/ini/conf.d /run/tgt/conf.d
  start_charon ini
  start_charon tgt
) &
(
  modprobe -a iscsi_tcp sd_mod
  echo "InitiatorName=$initiator_iqn" >/etc/iscsi/initiatorname.iscsi
  # No pings: a session at rest moves no counter, so that two readings can be compared.
  sed -i -e 's/^\(node.conn\[0\].timeo.noop_out_.*=\).*/\1 0/' \
    -e 's/^\(node.session.initial_login_retry_max =\).*/\1 20/' /etc/iscsi/iscsid.conf
  iscsid -f >/run/lab/iscsid.log 2>&1 &
) &
(
  modprobe -a configfs iscsi_target_mod target_core_file
  mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
  mkdir -p /disks /etc/target "$lio/iscsi"
  mount -t tmpfs tmpfs /disks
) &
wait_for 60 test -S /run/ini/charon.vici -a -S /run/tgt/charon.vici || mark "charon is not up"
mark charon
wait_for 60 test -d "$lio/iscsi" || mark "no LIO"
mark target
wait_for 60 iscsid_listens || mark "iscsid is not up"
touch /run/lab/ground
mark ready
wait
