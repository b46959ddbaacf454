# shellcheck shell=bash disable=SC2034
# Only packets that netfilter marks are protected; it marks all of the session's.
index=17
manual=(esp:transport)
policy_mark=17
before_up() { mark_packets; }
after_down() { nft delete table ip mark_$index; }
