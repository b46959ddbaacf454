# shellcheck shell=bash disable=SC2034
# What the host's side of the lab shares: where things are kept, steps with their times, and how a
# running guest is recognised. Sourced, never run.

lab_home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(dirname "$lab_home")

# Outside the tree on purpose: `git clean` must not cost a download, and two checkouts share it.
lab_cache=${QUICKMODE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/quickmode}/lab
lab_current=$source_dir/build/lab/current   # the guest that `make lab` reuses: a symlink

say() { printf 'lab: %s\n' "$*" >&2; }
die() { printf 'lab: %s\n' "$*" >&2; exit 1; }

# need PROGRAM...: names what is missing and how to get it.
need() {
  local program missing=()
  for program in "$@"; do command -v "$program" >/dev/null || missing+=("$program"); done
  ((${#missing[@]} == 0)) ||
    die "missing: ${missing[*]}. Install with: scripts/install-deps.sh lab"
}

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# step 'what' ... step_done: says how long the work between took. Not a wrapper around a command:
# bash switches `set -e` off inside anything whose exit code is looked at.
step() {
  step_what=$1 step_begin_ms=$(now_ms)
  if [[ -t 2 ]]; then printf 'lab: %s ...\r' "$step_what" >&2; fi
}
step_done() {
  [[ -n ${step_what:-} ]] || return 0
  local took_ms=$(($(now_ms) - step_begin_ms))
  printf 'lab: %-52s %3d.%01d s%s\n' "$step_what" $((took_ms / 1000)) $((took_ms % 1000 / 100)) \
    "${1:+  $1}" >&2
  step_what=
}
# For exit traps: a step that was not done has failed.
step_failed() { step_done FAILED; }
# For traps of Ctrl-C: whoever ended it knows that it was not done.
step_dropped() {
  [[ -z ${step_what:-} || ! -t 2 ]] || echo >&2
  step_what=
}

# Directories of `make run` and `make lab` end in the pid of their owner; one that was killed with
# -9 could not remove its own (its guest has gone: lab/boot's watcher saw to that).
sweep() {
  local stale
  for stale in "$source_dir"/build/lab/*.*; do
    [[ ! -d $stale ]] || kill -0 "${stale##*.}" 2>/dev/null || guest_alive "$stale" ||
      rm -rf "$stale"
  done
}

# guest_alive DIR: does the QEMU of this guest live?
guest_alive() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) && [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null
}

# A pause without a process: read from a descriptor that never has anything.
nap() {
  if [[ -z ${nap_fd:-} ]]; then exec {nap_fd}<> <(:); fi
  read -r -t "$1" -u "$nap_fd" _ || true
}

# wait_until SECONDS COMMAND...: false when the time is over.
wait_until() {
  local deadline_us=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)); shift
  until "$@"; do
    ((${EPOCHREALTIME/[.,]/} < deadline_us)) || return 1
    nap 0.03
  done
}

# free_port PREFERRED: that one when nothing listens on it on loopback, else (or for 0) a free one.
free_port() {
  local port=$1 tries
  for ((tries = 0; tries < 50; tries++)); do
    # Connecting is the test that needs no program and no privilege.
    if ((port)) && ! (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
    port=$((20000 + RANDOM % 20000))
  done
  die "no free port on 127.0.0.1"
}
