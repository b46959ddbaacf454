# shellcheck shell=bash
# Debian's packages, fetched as this host fetches its own and only unpacked. Sourced, never run.

codename() (. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")

# The host's own Debian sources (a site may have its mirror), but nothing third-party: one
# "deb [...] URI SUITE COMPONENT" a line. Empty when the host has none that fit.
debian_sources() {
  local suite=$1
  # signed-by: mmdebstrap verifies with Debian's keyring whatever the host's line says.
  apt-get indextargets --format '$(CREATED_BY)|$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(COMPONENT)' \
    2>/dev/null |
    awk -F'|' -v suite="$suite" '$1 == "Packages" && $2 == "Debian" && $5 == "main" &&
      ($3 == suite || $3 == suite "-updates" || $3 == suite "-security") && !seen[$4 $3]++ {
        print "deb", $4, $3, $5 }'
}

# A proxy, a timeout, a frozen snapshot's dates: how this host fetches is how the lab fetches.
acquire_options() {
  apt-config dump 2>/dev/null | grep -E \
    '^Acquire::(http|https|ftp|Retries|ForceIPv[46]|Check-Valid-Until|Check-Date)[: ]' |
    grep -v '""' || true
}

# unpack OUT PACKAGES [TAR-OPTIONS…]: the packages (a comma between two) and all they depend on.
unpack() {
  local out=$1 packages=$2 suite options=() sources line
  shift 2
  suite=$(codename)
  while IFS= read -r line; do [[ -z $line ]] || options+=("--aptopt=$line"); done \
    < <(acquire_options)
  sources=$(debian_sources "$suite")
  # The mirror lines go as arguments; without any, mmdebstrap takes Debian's own.
  local mirrors=()
  while IFS= read -r line; do [[ -z $line ]] || mirrors+=("$line"); done <<<"$sources"
  mkdir -p "$out"
  timeout --foreground -k 10 "${LAB_BUILD_TIMEOUT_S:-900}" \
    mmdebstrap --quiet --variant=extract --mode=auto --format=tar --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' "${options[@]}" "$suite" - "${mirrors[@]}" |
    tar -x -C "$out" --no-same-owner --no-same-permissions "$@"
}
