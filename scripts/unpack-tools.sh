#!/usr/bin/env bash
# scripts/unpack-tools.sh PACKAGE...: unpacks Debian packages into build/tools without installing them:
# an installed daemon would be started on this machine, and only a test wants it. What can't be had is
# told and left out; so do the tests then.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/build/tools
for package in "$@"; do
  mark=$tools/.$package
  [[ ! -e $mark ]] || continue
  command -v "$package" > /dev/null && continue
  if ! command -v apt-get > /dev/null; then
    echo "unpack-tools: this is no Debian; tests that need $package are left out" >&2
    continue
  fi
  as_root=()
  ((EUID == 0)) || as_root=(sudo -n)
  room=$(mktemp -d)
  fetch() { (cd "$room" && apt-get -q -o Acquire::Retries=3 download "$package" > log 2>&1); }
  echo "unpacking: $package" >&2
  if fetch || { "${as_root[@]}" apt-get -q update > /dev/null 2>&1 && fetch; }; then
    mkdir -p "$tools"
    dpkg-deb -x "$room"/*.deb "$tools"
    touch "$mark"
  else
    echo "unpack-tools: could not fetch $package; tests that need it are left out" >&2
  fi
  rm -rf "$room"
done
