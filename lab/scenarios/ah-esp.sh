# shellcheck shell=bash disable=SC2034
# ESP inside AH, both in transport mode: two transformations of each packet.
index=12
manual=(esp:transport ah:transport)
