# shellcheck shell=bash disable=SC2034
# A tunnel between the hosts, for a session between two other addresses.
index=10
ike=2
mode=tunnel
inner=yes
