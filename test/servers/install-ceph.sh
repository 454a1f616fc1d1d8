#!/usr/bin/env bash
# Installs what ceph-rgw.sh needs (about 270 MB on Debian and Ubuntu), unless it is there. Run as root.
set -euo pipefail

needed=(radosgw radosgw-admin ceph ceph-authtool ceph-mon ceph-osd monmaptool)
for program in "${needed[@]}"; do
  if ! command -v "$program" >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -qy --no-install-recommends radosgw ceph-mon ceph-osd
    break
  fi
done
for program in "${needed[@]}"; do
  command -v "$program" >/dev/null || { echo "install-ceph: $program is still missing" >&2; exit 1; }
done
radosgw --version
