# shellcheck shell=bash disable=SC2034
# Extended sequence numbers: another replay attribute, and a window of 64.
index=15
ike=2
esp_proposals=aes128-sha256-esn
child_more='replay_window = 64'
target_child_more='replay_window = 64'
