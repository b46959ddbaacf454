#!/usr/bin/env bash
# scripts/install-deps.sh SET...: installs what is missing of the sets build, test, coverage, lab,
# bench, run, web from Debian's packages. Says what it installs, asks nobody, is silent when nothing is missing.
set -euo pipefail

# shellcheck disable=SC2034  # the sets are read by name
{
  build=(g++ cmake ninja-build libboost1.81-dev libboost-json1.81-dev libfmt-dev libcli11-dev
    libtomlplusplus-dev libssl-dev libcrypt-dev libexpat1-dev zlib1g-dev
    clang-19 libbpf-dev)   # these two for the eBPF probes
  test=(libgtest-dev libgmock-dev librapidcheck-dev clang-19 lld-19 clang-tidy-19 clang-format-19
    libclang-rt-19-dev g++-mingw-w64-x86-64-posix shellcheck curl jq openssl python3 iproute2)
  # uidmap: lets mmdebstrap work without root.
  lab=(qemu-system-x86 mmdebstrap debian-archive-keyring uidmap cpio kmod xz-utils)
  coverage=(llvm-19)   # llvm-cov
  bench=(libbenchmark-dev prometheus-cpp-dev)
  web=(chromium)   # the page's tests
  # Another Node.js than Debian's does as well, and its packages would not suffer Debian's npm.
  command -v npm > /dev/null || web+=(nodejs npm)
  run=()   # HOST=1 needs what was built, and nothing else
}

wanted=()
for set in "$@"; do
  case $set in
    build | test | coverage | lab | bench | run | web)
      declare -n packages=$set
      wanted+=("${packages[@]}")
      ;;
    *)
      echo "install-deps: no set '$set'; there are: build test coverage lab bench run web" >&2
      exit 64
      ;;
  esac
done
((${#wanted[@]})) || exit 0

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
  echo "install-deps: this is no Debian; install what corresponds to: ${wanted[*]}" >&2
  exit 1
fi
# One question for all: this runs before every build.
installed=" $( { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2> /dev/null ||
  true; } | sed -n 's/^ii *//p' | tr '\n' ' ')"
missing=()
for package in "${wanted[@]}"; do
  [[ $installed == *" $package "* ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo > /dev/null || {
    echo "install-deps: missing: ${missing[*]}" >&2
    echo "Neither root nor sudo here; as root: apt-get install ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
echo "installing: ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Indexes may be old or absent (a fresh image has none), so they are fetched when the first try
# fails, not every time.
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 \
    install --no-install-recommends "${missing[@]}" > "$log" 2>&1
}
if ! install && ! { "${as_root[@]}" apt-get -q update >> "$log" 2>&1 && install; }; then
  grep -E '^(E|W|Err)' "$log" >&2 || tail -n 10 "$log" >&2
  echo "install-deps: could not install: ${missing[*]}" >&2
  echo "Is this machine online, and are its Debian sources in order (apt-get update)?" >&2
  exit 1
fi
