#!/bin/sh
# Installs the packages of debian-packages.txt that are missing; does nothing when all are there.
set -eu
list=$(dirname "$0")/debian-packages.txt

command -v dpkg-query >/dev/null || {
  echo "This set-up is for Debian 12 and its relatives. Elsewhere, install what $list names" >&2
  echo "with your own package manager, then run: cmake --preset release && cmake --build --preset release" >&2
  exit 1
}

missing=
for package in $(grep -v '^#' "$list"); do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  as_root=sudo
  command -v sudo >/dev/null || {
    echo "These packages are missing:$missing" >&2
    echo "There is neither root nor sudo here; ask an administrator to run:" >&2
    echo "  apt-get install$missing" >&2
    exit 1
  }
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends $missing
