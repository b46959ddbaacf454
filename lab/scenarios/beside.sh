# shellcheck shell=bash disable=SC2034
# A tunnel that serves no session: its bytes are nobody's.
index=23
manual=(esp:tunnel)
inner=yes
session=no
