# shellcheck shell=bash disable=SC2154
# The project's two daemons as an installation runs them: each its own user, collect with what
# probes take and then CAP_NET_ADMIN alone, serve with nothing.

qm_run=/run/quickmode
qm_state=/var/lib/quickmode

# As packaging/ sets an installation up.
daemon_config() {
  mkdir -p "$qm_run" "$qm_state" /etc/quickmode
  chown quickmode-serve:quickmode "$qm_run" "$qm_state"
  chmod 0775 "$qm_run" "$qm_state"
  # vici belongs to root; an installation gives it the group, as here.
  wait_for 60 test -S /run/ini/charon.vici || die "charon is not up"
  chgrp quickmode /run/ini/charon.vici
  chmod 0770 /run/ini/charon.vici
  printf '[ike]\nvici = ["/run/ini/charon.vici"]\n' >/etc/quickmode/collect.toml
  printf '[providers]\nusers = ["quickmode-collect"]\n' >/etc/quickmode/serve.toml
}

start_daemon() {
  local which=$1 program=/qm/bin/quickmode-$1 caps=-all words=()
  [[ -x $program ]] || die "quickmode-$which is not built: make build"
  ! daemon_runs "$which" || return 0
  case $which in
    # All but net_admin it gives up by itself; LAB_PROBES=no: it never had them.
    collect) caps=-all,+net_admin
      [[ ${LAB_PROBES:-} == no ]] || caps+=,+bpf,+perfmon,+sys_admin,+setpcap ;;
    serve) words=(--listen 127.0.0.1:5985) ;;
    *) die "the daemons are collect and serve" ;;
  esac
  setsid setpriv --reuid "quickmode-$which" --regid quickmode --clear-groups \
    --inh-caps "$caps" --ambient-caps "$caps" --bounding-set "$caps" --no-new-privs \
    "$program" --config "/etc/quickmode/$which.toml" --runtime-dir "$qm_run" \
    --state-dir "$qm_state" "${words[@]}" >>"/run/lab/$which.log" 2>&1 </dev/null &
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
  case $action in
    start)
      daemon_config
      for which in "${daemons[@]}"; do start_daemon "$which"; done
      wait_for 30 daemons_settled
      for which in "${daemons[@]}"; do
        daemon_runs "$which" || die "quickmode-$which ended: $(tail -n 5 "/run/lab/$which.log")"
      done
      [[ -S $qm_run/query.sock ]] || die "quickmode-serve does not listen: /run/lab/serve.log"
      ;;
    stop) for which in "${daemons[@]}"; do stop_daemon "$which"; done ;;
    kill) for which in "${daemons[@]}"; do stop_daemon "$which" -KILL; done ;;
    status)
      for which in "${daemons[@]}"; do
        if daemon_runs "$which"; then echo "$which runs"; else echo "$which does not run"; fi
      done
      ;;
    sampled) wait_for 60 all_shown || die "the sessions do not all show: $(tail /run/lab/collect.log)" ;;
    *) die "lab daemons start|stop|kill|status|sampled [collect|serve]" ;;
  esac
}

daemons_settled() {
  daemon_runs serve || return 0
  [[ -S $qm_run/query.sock ]]
}

# The collector is there, and every session that is up has its adapter, and with it a sample.
all_shown() {
  local one shown
  shown=$(quickmode show Quickmode_HostIPSECStats --json) || return
  jq -e '.instances | length == 1' <<<"$shown" >/dev/null || return
  shown=$(quickmode show --json) || return
  for one in $(verb_ups); do
    scenario "$one"
    [[ $session == yes ]] || continue
    [[ $shown == *ISCSI_TCP*"${one}_0"* ]] || return
  done
}
