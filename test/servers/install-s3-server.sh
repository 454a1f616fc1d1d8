#!/usr/bin/env bash
# install-s3-server.sh NAME DIRECTORY: installs a server for s3-server.sh there. Three tries. NAME is one of
#   versitygw   1.8.0, built from its Go module; needs Go
#   moto        5.2.5, in a Python environment of its own; needs Python 3
#   s3mock      5.2.0, from Maven Central; needs Maven and Java 17
# What a server needs and the machine lacks is installed by apt: run as root then.
set -euo pipefail

name=${1:?usage: install-s3-server.sh NAME DIRECTORY}
directory=$(realpath -m -- "${2:?usage: install-s3-server.sh NAME DIRECTORY}")
mkdir -p "$directory"

# need PROGRAM PACKAGE...
need() {
  command -v "$1" >/dev/null && return
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${@:2}"
}

install() {
  case $name in
    versitygw)
      need go golang-go || return 1
      GOBIN=$directory GOFLAGS=-modcacherw go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
      ;;
    moto)
      need python3 python3 python3-venv || return 1
      rm -rf "$directory/python"
      if ! python3 -m venv "$directory/python"; then
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3-venv || return 1
        rm -rf "$directory/python"
        python3 -m venv "$directory/python" || return 1
      fi
      # Not moto[server]: that brings what its other services need, 180 MB more, and S3 does not.
      "$directory/python/bin/pip" install --quiet --disable-pip-version-check 'moto[s3]==5.2.5' flask flask-cors
      ;;
    s3mock)
      need java openjdk-17-jre-headless || return 1
      need mvn maven || return 1
      mvn -q -B dependency:copy -Dartifact=com.adobe.testing:s3mock:5.2.0:jar:exec "-DoutputDirectory=$directory" \
        -Dmdep.useBaseVersion=true && [[ -s $directory/s3mock-5.2.0-exec.jar ]]
      ;;
    *)
      echo "install-s3-server: there is no server $name" >&2
      exit 2
      ;;
  esac
}

for try in 1 2 3; do
  if install; then exit 0; fi
  echo "install-s3-server: $name failed (try $try of 3)" >&2
  sleep $((try * 10))
done
exit 1
