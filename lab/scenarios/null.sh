# shellcheck shell=bash disable=SC2034
# ESP that encrypts nothing, but authenticates.
index=18
ike=2
esp_proposals=null-sha256
