# shellcheck shell=bash disable=SC2154  # what tests/wire/run has set
# Sourced by tests/wire/run, while the numbers stand still: WS-Management as "whistle" sees it, Dell's
# client of shell scripts (Debian's wsl), which shares nothing with the other clients here. It is
# unpacked, so that its scripts look for their functions elsewhere than they lie.
whistle() {   # whistle SCRIPT ARGUMENTS...
  (
    cd "$room/wsl" || exit
    PATH=$room/wsl:$PATH HOME=$room/wsl WSNOSSL=1 WSENDPOINT=${url#http://} WSUSER=whistle \
      WSPASS=correct-horse KEEPHISTORY=0 OUTLEVEL=1 TERM=dumb timeout 60 "$@" < /dev/null
  )
}
# PROPERTY: what the JSON API and what whistle say of all instances, sorted.
in_json() { grep -oP "\"$1\": *\"\K[^\"]*" "$room/$class.json" | sed 's/\\\\/\\/g' | sort; }
in_answer() { grep -oP "<p:$1>\K[^<]*" "$room/said.wsl" | sort; }
whistle_lists() {   # whistle_lists HOW-MANY OPTIONS...
  local wanted=$1 property
  shift
  whistle wslenum "$cim_uri/$class" -ns root/wmi "$@" > "$room/said.wsl" 2>&1
  for property in InstanceName ConfidentialBytesSent Timestamp_PerfTime; do
    [[ $(in_answer $property | wc -l) == "$wanted" ]] || { cat "$room/said.wsl"; return 1; }
    diff <(in_json $property) <(in_answer $property) || return 1
  done
}
# shellcheck disable=SC2317  # reached through check
whistle_finds() {   # whistle_finds NAME SCRIPT ARGUMENTS...: that instance alone
  local name=$1
  shift
  whistle "$@" > "$room/said.wsl" 2>&1
  [[ $(in_answer InstanceName) == "$name" ]] || { cat "$room/said.wsl"; return 1; }
}

unpacked=$here/../../build/tools/usr
if [[ ! -e $unpacked/bin/wslenum ]] || ! xmllint --version > "$room/said" 2>&1; then
  echo 'skip wsl: it, or xmllint, is not here (scripts/unpack-tools.sh)'
else
  mkdir "$room/wsl"
  for script in wslid wslenum wslget; do
    sed "s#/usr/share/wsl#$unpacked/share/wsl#" "$unpacked/bin/$script" > "$room/wsl/$script"
  done
  printf '#!/bin/sh\ncat /proc/sys/kernel/random/uuid\n' > "$room/wsl/uuidgen"
  chmod +x "$room"/wsl/*
  cim_uri=http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2
  name=$(in_json InstanceName | tail -n 1)
  selector=http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter
  whistle wslid check > "$room/said.wsl" 2>&1
  check 'wsl is told who this is' grep -q '<wsmid:ProductVendor>quickmode<' "$room/said.wsl"
  check 'wsl lists what the JSON API shows, one at a time' whistle_lists 5
  check 'and by twos, with endpoint references' whistle_lists 5 -opti 2 -mode objepr
  check 'wsl finds an instance by a query' whistle_finds "$name" wslenum \
    'http://schemas.dmtf.org/wbem/wscim/1/*' -ns root/wmi \
    -filter "SELECT InstanceName FROM $class WHERE InstanceName LIKE '%${name: -6}'"
  check 'by selectors' whistle_finds "$name" wslenum "$cim_uri/$class" -ns root/wmi \
    -dialect "$selector" -filter "InstanceName=$name"
  check 'and gets it' whistle_finds "$name" wslget "$cim_uri/$class" -ns root/wmi \
    "InstanceName=$name"
fi
