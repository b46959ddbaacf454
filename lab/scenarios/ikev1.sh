# shellcheck shell=bash disable=SC2034
# IKEv1, Main Mode and Quick Mode: what the counters' class was written for.
index=1
ike=1
