# shellcheck shell=bash disable=SC2154
# Libreswan's pluto as the initiator's IKE daemon, in charon's place (the target keeps its own). The
# programs come from the host: lab/build-libreswan's directory, copied to /qm/run/libreswan.

pluto_home=/run/pluto
whack() { /usr/libexec/ipsec/whack --ctlsocket "$pluto_home/pluto.ctl" "$@"; }
pluto_runs() { [[ -e $pluto_home/pid ]] && kill -0 "$(<"$pluto_home/pid")" 2>/dev/null; }

# What is here already stays: the same libraries, by the same packages.
install_pluto() {
  [[ ! -x /usr/libexec/ipsec/pluto ]] || return 0
  [[ -d /qm/run/libreswan ]] || die "no Libreswan here: the host copies it to share/libreswan"
  cp -rn /qm/run/libreswan/. /
  : >>/etc/hosts   # its resolver wants one
}

write_pluto_connection() {
  cat >"$pluto_home/conf.d/$name.conf" <<CONF
conn $name
  left=$ini_addr
  right=$tgt_addr
  leftid=$ini_addr
  rightid=$tgt_addr
  leftprotoport=tcp
  rightprotoport=tcp/3260
  authby=secret
  ikev2=$([[ $ike == 2 ]] && echo insist || echo no)
  type=$mode
  ike=aes128-sha2_256;dh31
  esp=aes128-sha2_256
  pfs=no
  leftupdown=%disabled
  auto=ondemand
CONF
  printf '%s %s : PSK "lab secret of %s"\n' "$ini_addr" "$tgt_addr" "$name" \
    >"$pluto_home/conf.d/$name.secrets"
}

# Its trap policy is in the kernel when this returns.
load_pluto_connection() {
  local said
  whack --listen >/dev/null   # on the addresses that have come, with the secrets
  said=$(/usr/libexec/ipsec/addconn --config "$pluto_home/ipsec.conf" \
    --ctlsocket "$pluto_home/pluto.ctl" "$name" 2>&1 && whack --route --name "$name" 2>&1) ||
    die "pluto: $name: $said"
}

verb_pluto() {
  case ${1:-} in
    start)
      install_pluto
      mkdir -p "$pluto_home/conf.d" "$pluto_home/nss"
      printf 'config setup\n  dnssec-enable=no\n  nssdir=%s/nss\n  logfile=%s\ninclude %s/conf.d/*.conf\n' \
        "$pluto_home" /run/lab/pluto.log "$pluto_home" >"$pluto_home/ipsec.conf"
      echo "include $pluto_home/conf.d/*.secrets" >"$pluto_home/ipsec.secrets"
      [[ -e $pluto_home/nss/cert9.db ]] ||
        certutil -N -d "sql:$pluto_home/nss" --empty-password || die "certutil failed"
      /usr/libexec/ipsec/pluto --nofork --rundir "$pluto_home" --nssdir "$pluto_home/nss" \
        --config "$pluto_home/ipsec.conf" --secretsfile "$pluto_home/ipsec.secrets" \
        --logfile /run/lab/pluto.log >/run/lab/pluto.out 2>&1 </dev/null &
      echo $! >"$pluto_home/pid"
      answers() { whack --status || ! pluto_runs; }
      wait_for 60 answers && pluto_runs || die "pluto does not start: $(tail -n 3 /run/lab/pluto.log)"
      ;;
    stop)
      pluto_runs || return 0
      whack --shutdown >/dev/null
      ended() { ! pluto_runs; }
      wait_for 20 ended || die "pluto does not end"
      ;;
    *) die "lab pluto start|stop" ;;
  esac
}
