# shellcheck shell=bash disable=SC2034
index=2
ike=2
