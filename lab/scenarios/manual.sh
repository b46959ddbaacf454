# shellcheck shell=bash disable=SC2034
# Keys by hand, and not even a reqid.
index=24
manual=(esp:transport)
manual_reqid=0
