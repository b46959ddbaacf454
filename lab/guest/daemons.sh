# shellcheck shell=bash disable=SC2154
# The project's two daemons as an installation runs them: each its own user, collect with
# CAP_NET_ADMIN and nothing else, serve with nothing.

qm_run=/run/quickmode
qm_state=/var/lib/quickmode

daemon_config() {
  mkdir -p "$qm_run" "$qm_state/collect" "$qm_state/serve" /etc/quickmode
  # Both daemons make sockets and files here; the group's members may, others may look.
  chown root:quickmode "$qm_run"
  chmod 2775 "$qm_run"
  chown quickmode-collect:quickmode "$qm_state/collect"
  chown quickmode-serve:quickmode "$qm_state/serve"
  # vici belongs to root; an installation names a group, as here.
  chgrp quickmode /run/ini/charon.vici
  chmod 0770 /run/ini/charon.vici
  printf '[ike]\nvici = ["/run/ini/charon.vici"]\n' >/etc/quickmode/collect.toml
}

start_daemon() {
  local which=$1 program=/qm/bin/quickmode-$1 caps=-all words=()
  [[ -x $program ]] || die "quickmode-$which is not built: make build"
  ! daemon_runs "$which" || return 0
  if [[ $which == collect ]]; then
    caps=-all,+net_admin
    words=(--config /etc/quickmode/collect.toml)
  else
    words=(--listen 127.0.0.1:5985)
  fi
  setsid setpriv --reuid "quickmode-$which" --regid "quickmode-$which" --init-groups \
    --inh-caps "$caps" --ambient-caps "$caps" --bounding-set "$caps" --no-new-privs \
    "$program" --runtime-dir "$qm_run" --state-dir "$qm_state/$which" "${words[@]}" \
    >>"$qm_run/$which.log" 2>&1 </dev/null &
  echo $! >"/run/lab/$which.pid"
}

daemon_runs() {
  [[ -e /run/lab/$1.pid ]] && kill -0 "$(<"/run/lab/$1.pid")" 2>/dev/null
}

stop_daemon() {
  local which=$1
  daemon_runs "$which" || return 0
  kill "${2:--TERM}" "$(<"/run/lab/$which.pid")"
  stopped() { ! daemon_runs "$which"; }
  wait_for 15 stopped || die "quickmode-$which does not end"
}

verb_daemons() {
  local action=${1:-} which
  local daemons=("${@:2}")
  ((${#daemons[@]})) || daemons=(serve collect)
  [[ $action != start ]] || daemon_config
  for which in "${daemons[@]}"; do
    case $action in
      start) start_daemon "$which" ;;
      stop) stop_daemon "$which" ;;
      kill) stop_daemon "$which" -KILL ;;
      status) daemon_runs "$which" && echo "$which runs" || echo "$which does not run" ;;
      *) die "lab daemons start|stop|kill|status [collect|serve]" ;;
    esac
  done
  [[ $action == start ]] || return 0
  answers() {
    for which in "${daemons[@]}"; do daemon_runs "$which" || return 0; done
    [[ -S $qm_run/query.sock ]]
  }
  wait_for 20 answers
  for which in "${daemons[@]}"; do
    daemon_runs "$which" || die "quickmode-$which ended: $(tail -n 3 "$qm_run/$which.log")"
  done
}
