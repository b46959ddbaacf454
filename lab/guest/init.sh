#!/bin/bash
# PID 1 of the guest after /init: takes commands from the host at once, and sets the ground up
# beside it: modules, the two sides' network, the target, the initiator's daemon.
export PATH=/qm/lab/guest:/qm/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=${TERM:-dumb}
mkdir -p /dev/pts /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin; ln -sfn fd/1 /dev/stdout; ln -sfn fd/2 /dev/stderr
echo quickmode-lab >/proc/sys/kernel/hostname
mkdir -p /run/lab /run/netns /run/lock/iscsi /var/lock

# Opening a file of the host's takes longer than reading it, and every command opens a dozen. What
# the host builds anew comes with the next boot.
mkdir -p /run/qm/lab /run/qm/bin
cp -r /qm/lab/guest /qm/lab/scenarios /run/qm/lab/
for name in quickmode quickmode-{collect,serve,sim-provider} mofc find_keys watch_probes \
  rekeys event_storm; do
  [[ ! -e /qm/bin/$name ]] || cp "/qm/bin/$name" /run/qm/bin/
done
mount --bind /run/qm/lab /qm/lab
mount --bind /run/qm/bin /qm/bin

/qm/lab/guest/ground.sh >/run/lab/ground.log 2>&1 &

# The bell: "run ID" and "kill ID", one a line; the command and its answers lie in req/ID.
serve_request() {
  local req=/qm/run/req/$1 code=0
  setsid bash "$req/cmd" >>"$req/out" 2>>"$req/err" </dev/null &
  echo $! >"/run/lab/req.$1"
  wait $! || code=$?
  rm -f "/run/lab/req.$1"
  # Renamed into place: the host must never read half a number.
  { echo "$code" >"$req/rc.new" && mv "$req/rc.new" "$req/rc"; } 2>/dev/null
}

port=
for _ in $(seq 200); do
  for name in /sys/class/virtio-ports/*/name; do
    [[ -e $name && $(<"$name") == bell ]] && port=/dev/$(basename "$(dirname "$name")")
  done
  [[ -c $port ]] && break
  sleep 0.02
done
exec 7<>"$port" || { echo "no bell: the host can't be heard" >/dev/console; }
cp /proc/uptime /qm/run/ready.new && mv /qm/run/ready.new /qm/run/ready
while :; do
  while read -r verb id <&7; do
    case $verb in
      run) serve_request "$id" & ;;
      kill) kill -TERM -- "-$(<"/run/lab/req.$id")" 2>/dev/null ;;
    esac
  done
  sleep 0.1   # the port reads as ended while the host's side is not there
done
