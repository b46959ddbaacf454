# shellcheck shell=bash disable=SC2154
# The lab as a real Prometheus and a real VictoriaMetrics see it, from this machine through the port
# that the guest forwards: PromQL returns the lab's numbers exactly, the dashboard has data, and
# alerts fire for the trouble that is made and for nothing else. (Debian's programs, unpacked by
# scripts/unpack-tools.sh; without them this is left out with a word.)

PATH=$PATH:$source_dir/build/tools/usr/bin
if ! command -v prometheus >/dev/null || ! command -v victoria-metrics >/dev/null; then
  printf 'skip %s: no prometheus or victoria-metrics (scripts/unpack-tools.sh)\n' "$test_name"
  return
fi

engines=$lab_dir/engines
mkdir "$engines"
lab_url=http://127.0.0.1:$(cat "$lab_dir/port")
prometheus=http://127.0.0.1:$(free_port 0)
victoria=http://127.0.0.1:$(free_port 0)
# The rules as they are, but that nobody waits.
sed 's/^\( *for:\) .*/\1 1s/' "$source_dir/deploy/alerts.yml" >"$engines/alerts.yml"
cat >"$engines/scrape.yml" <<YAML
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: quickmode
    file_sd_configs: [{files: [targets.json]}]
YAML
{ sed 's/1s}/1s, evaluation_interval: 1s}/' "$engines/scrape.yml"
  echo "rule_files: [alerts.yml]"; } >"$engines/prometheus.yml"

get() { curl -sSf --max-time 10 --noproxy '*' "$@"; }
engines_compare() {
  get "$lab_url/api/v1/snapshot?class=MSiSCSI_QMIPSECStats&class=Quickmode_HostIPSECStats&refresh=0" \
    >"$engines/snapshot.json" &&
    get --data-urlencode 'query={__name__=~"quickmode_(ipsec|host)_.*"}' "$1/api/v1/query" \
      >"$engines/answer.json" &&
    python3 "$source_dir/tests/metrics/compare.py" "$engines/snapshot.json" "$engines/answer.json"
}
# numbers_agree WHAT: what both say, within a few scrapes.
numbers_agree() {
  local engine said
  for engine in prometheus victoria; do
    agree() { said=$(engines_compare "${!engine}" 2>&1); }
    wait_until 20 agree && said=yes
    check "$1: the numbers of $engine are the lab's" yes "$said"
  done
}
# PromQL's answer, one number.
promql() { get --data-urlencode "query=$1" "$prometheus/api/v1/query" | jq -r '.data.result[0].value[1]'; }
# Alerts that fire, with the adapter that each is about.
alerts() {
  get "$prometheus/api/v1/alerts" | jq -r '[.data.alerts[] | select(.state == "firing") |
    "\(.labels.alertname):\(.labels.adapter)"] | sort | join(" ")'
}

# They start beside what follows, and have nothing to scrape yet.
prometheus --config.file="$engines/prometheus.yml" --storage.tsdb.path="$engines/prometheus" \
  --web.listen-address="${prometheus#http://}" >"$engines/prometheus.log" 2>&1 </dev/null &
engines_pids=($!)
victoria-metrics -storageDataPath="$engines/victoria" -httpListenAddr="${victoria#http://}" \
  -promscrape.config="$engines/scrape.yml" -promscrape.fileSDCheckInterval=1s \
  -search.latencyOffset=0s -search.disableCache -retentionPeriod=1d >"$engines/victoria.log" 2>&1 </dev/null &
engines_pids+=($!)

# A collector with probes, nothing in the clear, and SAs for all, whatever an earlier test flushed.
guest 'lab daemons stop collect; lab daemons start & lab up; wait; lab logout clear
  for name in ikev1 ikev2 ikev2-ipv6; do lab read $name 1 & done; wait; lab daemons sampled'
printf '[{"targets": ["%s"]}]\n' "${lab_url#http://}" >"$engines/targets.new"
mv "$engines/targets.new" "$engines/targets.json"   # whole, or not there

said=$(get "$lab_url/metrics" | promtool check metrics 2>&1) && said=yes
check "promtool finds nothing on the lab's page" yes "$said"
numbers_agree "at rest"
check "no alert, as nothing is wrong" '' "$(alerts)"
spis=$(promql 'quickmode_ipsec_bad_spi_packets_total{adapter="ikev2"}')
failures_before=$(promql 'quickmode_ipsec_packets_not_authenticated_total{adapter="ikev1"}')

guest 'lab forge ikev2 burst 150; lab forge ikev1 bad-icv 3; lab login clear'
wanted='QuickmodeBadSPIBurst:ikev2 QuickmodeIntegrityFailures:ikev1'
wanted+=' QuickmodeSessionUnprotected:clear QuickmodeSessionWithoutSA:clear'
told() { [[ $(alerts) == "$wanted" ]]; }
wait_until 20 told || true
check "alerts: a burst of SPIs, bad ICVs, a session in the clear" "$wanted" "$(alerts)"
numbers_agree "after trouble"
check "PromQL: 150 packets of unknown SPIs more" 150 \
  $(($(promql 'quickmode_ipsec_bad_spi_packets_total{adapter="ikev2"}') - spis))
check "PromQL: 3 packets not authenticated more" 3 \
  $(($(promql 'quickmode_ipsec_packets_not_authenticated_total{adapter="ikev1"}') - failures_before))
check "PromQL: which session is in the clear" 'iqn.2026-11.lab:clear' "$(
  get --data-urlencode 'query=quickmode_session_info{protection="unprotected"}' \
    "$prometheus/api/v1/query" | jq -r '[.data.result[].metric.target] | join(" ")')"
guest 'lab read ikev2 1'
shown() { dashboard=$(python3 "$source_dir/tests/metrics/dashboard.py" "$prometheus" all 2>&1); }
wait_until 20 shown && dashboard=yes
check "the panels of the dashboard have data" yes "$dashboard"
kill "${engines_pids[@]}"
wait "${engines_pids[@]}" || true
