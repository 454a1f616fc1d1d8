#!/usr/bin/env bash
# An S3 server for tests, on 127.0.0.1, with all its files in one directory. For Ceph see ceph-rgw.sh.
#
#   s3-server.sh start NAME INSTALLED DIR [PORT]   NAME: versitygw, moto or s3mock, as install-s3-server.sh put it into INSTALLED
#   s3-server.sh stop DIR
#
# `start` prints S3_SERVER, AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION as NAME=value lines. Each
# start begins empty. The keys are for tests only: they are on command lines in the clear.
set -euo pipefail
umask 077

fail() { echo "s3-server: $*" >&2; exit 1; }

# A pid file holds the pid and the start time in ticks: a pid that now belongs to another process is never signalled.
ticks() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

running() {
  [[ -r $dir/server.pid ]] || return 1
  local began
  read -r pid began <"$dir/server.pid"
  [[ $(ticks "$pid") == "$began" && $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) != Z* ]]
}

stop() {
  running || return 0
  kill "$pid" 2>/dev/null || true
  local end=$((SECONDS + 10))
  while running; do
    ((SECONDS < end)) || kill -KILL "$pid" 2>/dev/null || true
    sleep 0.1
  done
}

answers() {
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 && read -r -t 5 line <&3 && [[ $line == HTTP/* ]]
}

start() {
  local command
  case $name in
    versitygw)
      mkdir -p "$dir/data" "$dir/meta"
      # A directory beside it for what belongs to objects: not every file system has extended attributes.
      command=("$installed/versitygw" --port "127.0.0.1:$port" --quiet posix --sidecar "$dir/meta" "$dir/data")
      ;;
    moto) command=("$installed/python/bin/moto_server" -H 127.0.0.1 -p "$port") ;;
    s3mock)
      command=(java -Xmx512m -XX:TieredStopAtLevel=1 -jar "$installed/s3mock-5.2.0-exec.jar"
        --server.ssl.enabled=false "--server.port=$port" --server.address=127.0.0.1
        "--com.adobe.testing.s3mock.httpPort=$((port + 1))"
        "--com.adobe.testing.s3mock.store.root=$dir/data")
      mkdir -p "$dir/data"
      ;;
    *) fail "there is no server $name" ;;
  esac
  ROOT_ACCESS_KEY=TESTACCESSKEY ROOT_SECRET_KEY=TestSecretKey0123456789 \
    setsid "${command[@]}" </dev/null >"$dir/server.log" 2>&1 &
  echo "$! $(ticks $!)" >"$dir/server.pid"
  local end=$((SECONDS + 120))
  until (answers) 2>/dev/null; do
    running || fail "$name ended: $(tail -n 5 "$dir/server.log")"
    ((SECONDS < end)) || fail "$name is not ready in time: $(tail -n 5 "$dir/server.log")"
    sleep 0.1
  done
  printf '%s\n' "S3_SERVER=$name" "AWS_ENDPOINT_URL_S3=http://127.0.0.1:$port" AWS_ACCESS_KEY_ID=TESTACCESSKEY \
    AWS_SECRET_ACCESS_KEY=TestSecretKey0123456789 AWS_REGION=us-east-1
}

case "${1:-} $#" in
  'start '[45])
    name=$2 installed=$(realpath -m -- "$3") dir=$(realpath -m -- "$4") port=${5:-17580}
    mkdir -p "$dir"
    running && fail "a server runs in $dir"
    [[ ! -e $dir/server.pid && -n $(ls -A "$dir") ]] && fail "$dir holds something else"
    rm -rf "$dir/data" "$dir/meta"
    start
    ;;
  'stop 2')
    dir=$(realpath -m -- "$2")
    stop
    ;;
  *)
    sed -n '4,5p' "$0" | sed 's/^# *//' >&2
    exit 2
    ;;
esac
