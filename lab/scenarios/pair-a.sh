# shellcheck shell=bash disable=SC2034
# Two adapters on one pair of SAs: this one made it,
index=21
ike=2
