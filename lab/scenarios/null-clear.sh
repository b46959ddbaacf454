# shellcheck shell=bash disable=SC2034
# Neither encrypted nor authenticated: the kernel takes it.
index=25
manual=(esp:transport)
esp_algorithms='enc ecb(cipher_null) ""'
