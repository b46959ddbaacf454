# shellcheck shell=bash disable=SC2034
index=19
ike=2
esp_proposals=chacha20poly1305
