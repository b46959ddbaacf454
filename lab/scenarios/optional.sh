# shellcheck shell=bash disable=SC2034
# IPsec when there is an SA, else in the clear.
index=20
manual=(esp:transport)
level=use
