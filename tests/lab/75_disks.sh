# shellcheck shell=bash disable=SC2154
# Which file system hangs on which session: two sessions' disks under one multipath map, which is
# mounted; sessions and audit name disk, map and mount point.

guest 'lab daemons start; for name in $(lab ups); do lab down $name; done; lab up pair-a pair-b
  lab daemons sampled'
a=$(guest 'lab disk pair-a') b=$(guest 'lab disk pair-b')
made=$(guest "modprobe -a dm_multipath dm_round_robin
  table='0 131072 multipath 0 0 2 1 round-robin 0 1 1 $a 1 round-robin 0 1 1 $b 1'
  dmsetup create both --uuid mpath-lab --table \"\$table\" && dmsetup mknodes both &&
    mke2fs -q -F -O ^has_journal -E nodiscard -t ext4 /dev/mapper/both 16384 &&
    mkdir -p /mnt/both && mount /dev/mapper/both /mnt/both" 2>&1) && code=0 || code=$?
check "a multipath map over two sessions" "0 " "$code $made"
said=$(guest 'quickmode sessions --json')
for path in "pair-a $a" "pair-b $b"; do
  check "${path% *}: disk, map and mount point" "${path##*/} both /mnt/both" "$(jq -r \
    --arg target "iqn.2026-11.lab:${path% *}" '.sessions[] | select(.target == $target) | .disks[] |
      .device + " " + .map + " " + .mount_point' <<<"$said")"
done
said=$(guest 'quickmode sessions')
[[ $said == *both* && $said == */mnt/both* ]] && answer=yes || answer=$said
check "and in words" yes "$answer"
guest 'umount /mnt/both; dmsetup remove both; lab down pair-b; lab down pair-a'
