# shellcheck shell=bash disable=SC2034
# Authenticated, not encrypted.
index=11
ike=2
ah_proposals=sha256
