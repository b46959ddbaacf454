# shellcheck shell=bash disable=SC2154
# A kernel without XFRM's netlink: what can't be read is NULL, not zero; audit can't tell; and when
# the module comes, all of it comes without a restart. The last test: it takes the IKE daemons down.

guest '[[ ! -e /run/lab/monitor.pid ]] || lab monitor stop; lab daemons start & lab up; wait
  lab daemons sampled'
guest 'lab daemons stop; rm -f /run/quickmode/ledger.state
  for comm in /proc/[0-9]*/comm; do
    [[ $(cat "$comm" 2>/dev/null) != charon-systemd ]] || { pid=${comm#/proc/}; kill -KILL "${pid%/comm}"; }
  done
  echo /bin/false >/proc/sys/kernel/modprobe
  until rmmod xfrm_user; do sleep 0.2; done; lab daemons start; lab daemons sampled'

said=$(guest 'quickmode show --instance ikev2 --json')
nulls=$(grep -o '[a-zA-Z]*":null' <<<"$said" | sort -u | wc -l)
check "without XFRM every counter is NULL" 18 "$nulls"
said=$(guest 'quickmode audit') && code=0 || code=$?
check "audit can't tell" 3 "$code"
said=$(guest 'grep -i xfrm /run/lab/collect.log | tail -n 1')
[[ $said == *XFRM* ]] && answer=yes || answer="no: $said"
check "collect says why" yes "$answer"

guest 'echo /sbin/modprobe >/proc/sys/kernel/modprobe; modprobe xfrm_user
  for i in $(seq 100); do
    quickmode show --instance ikev2 --json | grep -q "\"KeyAdditions\":[0-9]" && exit 0; sleep 0.2
  done; exit 1' && code=0 || code=$?
check "with it the counters come" 0 "$code"
