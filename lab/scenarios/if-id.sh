# shellcheck shell=bash disable=SC2034
# A tunnel through an xfrm interface: its policies and SAs have the interface's id.
index=16
ike=2
mode=tunnel
inner=yes
if_id=160
child_more='if_id_in = 160
        if_id_out = 160'
after_down() { ip link del xfrm16; }
