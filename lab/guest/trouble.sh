# shellcheck shell=bash
# What goes wrong in `make run`, so that there is something to see: bad packets that seem to come from
# a target, and a session that loses its protection for a minute and gets it back.

trouble_pause_s=${LAB_TROUBLE_PAUSE_S:-20}   # between two of them
trouble_bare_s=${LAB_TROUBLE_BARE_S:-60}     # without protection
trouble_bare=manual                          # its policies are taken; its SAs stay
trouble_from=(ikev2 ikev1 ikev2-ipv6)        # whose targets send bad packets, in turn

# Each in a shell of its own: what fails once (a session that is down) must not end the rest.
trouble_turn() {
  local from=${trouble_from[$1 / 4 % ${#trouble_from[@]}]}
  case $(($1 % 4)) in
    0) (verb_forge "$from" burst 150) ;;
    1)
      : >/run/lab/trouble.bare
      (verb_policies remove "$trouble_bare")
      nap "$trouble_bare_s"
      trouble_end_bare
      ;;
    2) (verb_forge "$from" bad-icv 12) ;;
    3) (verb_forge "$from" short 8) ;;
  esac
}

trouble_end_bare() {
  [[ -e /run/lab/trouble.bare ]] || return 0
  rm /run/lab/trouble.bare
  (verb_policies add "$trouble_bare")
}

trouble_loop() {
  local round
  for ((round = 0; ; round++)); do
    nap "$trouble_pause_s"
    trouble_turn "$round"
  done
}

verb_trouble() {
  case ${1:-} in
    start)
      [[ -e /run/lab/up.$trouble_bare ]] || die "trouble: first, lab up $trouble_bare"
      setsid "$0" trouble loop >>/run/lab/trouble.log 2>&1 </dev/null &
      echo $! >/run/lab/trouble.pid
      ;;
    loop) trouble_loop ;;
    stop)
      [[ -e /run/lab/trouble.pid ]] || return 0
      kill -- "-$(</run/lab/trouble.pid)" 2>/dev/null
      rm /run/lab/trouble.pid
      trouble_end_bare
      ;;
    *) die "lab trouble start|stop" ;;
  esac
}
