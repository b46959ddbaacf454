# shellcheck shell=bash disable=SC2034
# The initiator's IKE daemon is Libreswan: `lab pluto start` first, with charon ended.
index=26
ike=2
pluto=yes
