# shellcheck shell=bash disable=SC2034
# The target is behind a NAT that maps its ports, and can map them anew. Stateless, so that the
# mapping changes at once.
index=14
ike=2
mode=tunnel
inner=yes
before_up() { map_ports 46001; }
after_down() { in_tgt nft delete table ip nat_$index; }
target_conn_more='encap = yes'   # its own address tells it of no NAT
