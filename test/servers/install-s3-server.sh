#!/usr/bin/env bash
# install-s3-server.sh NAME DIRECTORY: installs a server for s3-server.sh there. Three tries. NAME is one of
#   versitygw   1.8.0, built from its Go module; needs Go
#   moto        5.2.5, in a Python environment of its own; needs Python 3
#   s3mock      5.2.0, from Maven Central; needs Maven and Java 17
# What a server needs and the machine lacks is installed by apt: run as root then.
set -euo pipefail
. "$(dirname "$0")/installing.sh"

name=${1:?usage: install-s3-server.sh NAME DIRECTORY}
directory=$(realpath -m -- "${2:?usage: install-s3-server.sh NAME DIRECTORY}")
mkdir -p "$directory"

install() {
  case $name in
    versitygw)
      need go golang-go || return 1
      GOBIN=$directory GOFLAGS=-modcacherw go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
      ;;
    moto)
      python_environment "$directory/python" || return 1
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

three_tries "install-s3-server: $name" install
