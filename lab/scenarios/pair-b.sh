# shellcheck shell=bash disable=SC2034
# … and this one has a target of its own at the same two addresses.
index=22
addresses_of=21
