# shellcheck shell=bash disable=SC2034
# Bound end-to-end tunnel: a tunnel's addresses without its header. strongSwan falls back to
# tunnels against itself, so the keys are manual.
index=13
manual=(esp:beet)
inner=yes
