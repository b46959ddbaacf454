# shellcheck shell=bash disable=SC2154
# Which session runs in the clear: named with its disk and mount point, by exit code and in words.

guest 'lab daemons start & lab up; wait; lab daemons sampled'

disk=$(guest 'lab disk clear')
said=$(guest 'quickmode audit') && code=0 || code=$?
check "a session is in the clear" 1 "$code"
for words in clear "${disk##*/}" /mnt/clear 'no IPsec policy matches'; do
  [[ $said == *"$words"* ]] && answer=yes || answer="no: $said"
  check "audit says '$words'" yes "$answer"
done
guest 'quickmode audit --nagios' >/dev/null && code=0 || code=$?
check "nagios: critical" 2 "$code"
guest 'lab logout clear'
said=$(guest 'quickmode audit') && code=0 || code=$?
check "without it" 0 "$code"
guest 'lab login clear'
guest 'quickmode audit' >/dev/null && code=0 || code=$?
check "and with it again" 1 "$code"
