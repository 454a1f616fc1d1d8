#!/usr/bin/env bash
# A real S3 server for tests: Ceph's gateway before a cluster of one monitor and one storage daemon, on 127.0.0.1, with all its
# files in one directory.
#
#   ceph-rgw.sh start DIR [memstore|bluestore] [PORT]   default: memstore, 7480; takes PORT, PORT+1 and PORT+2
#   ceph-rgw.sh stop DIR
#   ceph-rgw.sh kill DIR                                SIGKILL, as a power cut for the daemons
#
# `start` prints AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION as NAME=value lines. A job then needs
# only:   set -a; eval "$(test/servers/ceph-rgw.sh start DIR)"; set +a
# memstore keeps objects in memory, and each start begins empty; bluestore takes up what an earlier start left in DIR.
# The programs come with install-ceph.sh. The keys are for tests only: they are on command lines and in DIR in the clear.
set -euo pipefail
umask 077
export LC_ALL=C

fail() { echo "ceph-rgw: $*" >&2; exit 1; }

[[ $# -ge 2 && $# -le 4 ]] || { sed -n '5,7s/^# *//p' "$0" >&2; exit 2; }
action=$1
dir=$(realpath -m -- "$2")
store=${3:-memstore}
port=${4:-7480}
conf=$dir/ceph.conf
# Marks the directory as ours, so that it may be emptied.
mark=$dir/.runledger-ceph
access_key=TESTACCESSKEY
secret_key=TestSecretKey0123456789

[[ $dir =~ ^/[A-Za-z0-9/._-]+$ ]] || fail "the directory may hold only letters, digits and / . _ -"

# A pid file holds the pid and the start time in ticks: a pid that now belongs to another process is never signalled.
ticks() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

running() {
  [[ -r $dir/run/$1.pid ]] || return 1
  local began
  read -r pid began <"$dir/run/$1.pid"
  [[ $(ticks "$pid") == "$began" && $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) != Z* ]]
}

launch() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$dir/log/$name.out" 2>&1 &
  echo "$! $(ticks $!)" >"$dir/run/$name.pid"
}

# until_ok SECONDS DAEMON COMMAND...
until_ok() {
  local end=$((SECONDS + $1)) name=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    running "$name" || fail "$name ended: $(tail -n 3 "$dir/log/$name.out")"
    ((SECONDS < end)) || fail "$name is not ready in time"
    sleep 0.1
  done
}

end_all() {
  local name end
  # The gateway first and the monitor last: the storage daemon waits for a monitor that is gone.
  for name in rgw osd mon; do
    running "$name" || continue
    kill "-$1" "$pid" 2>/dev/null || true
    end=$((SECONDS + 20))
    while running "$name"; do
      if ((SECONDS >= end)); then kill -KILL "$pid" 2>/dev/null || true; fi
      sleep 0.05
    done
  done
}

write_files() {
  local monitors="[v2:127.0.0.1:$((port + 1)),v1:127.0.0.1:$((port + 2))]" fsid
  fsid=$(cat /proc/sys/kernel/random/uuid)
  cat >"$conf" <<CONF
[global]
fsid = $fsid
mon_host = $monitors
# Else the storage daemon listens on every address.
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
# Authentication stays on: without it the gateway tries for minutes to get in.
keyring = $dir/keyring
run_dir = $dir/run
crash_dir = $dir/crash
pid_file =
# A socket's path would have to fit in 108 bytes.
admin_socket =
log_file = $dir/log/\$name.log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
# One monitor has nobody to agree with: these two make the start five times as fast.
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
[mon.a]
mon_data = $dir/mon
mon_data_avail_crit = 1
[osd]
osd_data = $dir/osd
osd_objectstore = $store
memstore_device_bytes = 2147483648
bluestore_block_size = 4294967296
osd_memory_target = 939524096
# The gateway needs the object classes.
osd_class_load_list = *
osd_class_default_list = *
[client.rgw.a]
rgw_data = $dir/rgw
rgw_frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw_dns_name = localhost
CONF
  local add=(ceph-authtool "$dir/keyring" --gen-key)
  {
    ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
    "${add[@]}" -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    "${add[@]}" -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd'
    "${add[@]}" -n client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx'
    monmaptool --create --clobber --addv a "$monitors" --fsid "$fsid" "$dir/monmap"
    ceph-mon -c "$conf" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
  } >>"$dir/log/setup.out" 2>&1
}

answers() {
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 && read -r -t 5 line <&3 && [[ $line == HTTP/* ]]
}
gateway_up() { (answers) 2>/dev/null; }
osd_up() { timeout 20 ceph -c "$conf" osd stat | grep -q ' 1 up'; }

start() {
  local name fresh=1
  command -v radosgw ceph-mon ceph-osd ceph-authtool monmaptool >/dev/null || fail "Ceph is missing: run install-ceph.sh"
  [[ $store == memstore || $store == bluestore ]] || fail "no such store: $store"
  [[ $port =~ ^[0-9]{4,5}$ ]] || fail "no such port: $port"
  if [[ -e $mark ]]; then
    for name in rgw osd mon; do ! running "$name" || fail "$name runs in $dir already"; done
    [[ $store != bluestore || $(cat "$mark") != "bluestore $port ready" ]] || fresh=
  elif [[ -n $(ls -A "$dir" 2>/dev/null) ]]; then
    fail "$dir is not empty and not made by this script"
  fi
  for name in "$port" $((port + 1)) $((port + 2)); do
    ! (exec 3<>"/dev/tcp/127.0.0.1/$name") 2>/dev/null || fail "port $name is taken"
  done
  if [[ $fresh ]]; then
    mkdir -p "$dir"
    echo "$store $port" >"$mark"
    rm -rf "${dir:?}"/{mon,osd,rgw,run,log,crash,keyring,monmap,ceph.conf,s3.env}
    mkdir "$dir"/{mon,osd,rgw,run,log,crash}
    write_files
  fi
  trap 'end_all TERM' EXIT

  launch mon ceph-mon -c "$conf" -f -i a
  until_ok 60 mon timeout 20 ceph -c "$conf" mon stat
  if [[ $fresh ]]; then
    local id
    id=$(cat /proc/sys/kernel/random/uuid)
    timeout 60 ceph -c "$conf" osd new "$id" >/dev/null
    timeout 120 ceph-osd -c "$conf" -i 0 --mkfs --osd-uuid "$id" >>"$dir/log/osd.out" 2>&1
  fi
  launch osd ceph-osd -c "$conf" -f -i 0
  until_ok 90 osd osd_up
  launch rgw radosgw -c "$conf" -f -n client.rgw.a
  until_ok 120 rgw gateway_up
  if [[ $fresh ]]; then
    timeout 60 radosgw-admin -c "$conf" -n client.rgw.a user create --uid=test --display-name=test \
      --access-key="$access_key" --secret-key="$secret_key" >>"$dir/log/setup.out" 2>&1
    cat >"$dir/s3.env" <<ENV
AWS_ENDPOINT_URL_S3=http://127.0.0.1:$port
AWS_ACCESS_KEY_ID=$access_key
AWS_SECRET_ACCESS_KEY=$secret_key
AWS_REGION=us-east-1
ENV
    echo "$store $port ready" >"$mark"
  fi
  trap - EXIT
  cat "$dir/s3.env"
}

case $action in
  start) start ;;
  stop | kill)
    [[ -e $mark ]] || fail "$dir was not made by this script"
    if [[ $action == stop ]]; then end_all TERM; else end_all KILL; fi
    ;;
  *) fail "no such action: $action" ;;
esac
