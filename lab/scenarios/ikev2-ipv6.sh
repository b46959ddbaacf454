# shellcheck shell=bash disable=SC2034
index=3
ike=2
family=6
