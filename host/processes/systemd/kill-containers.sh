#!/bin/sh
# kill-containers.sh CGROUP SOCKET [CGROUP_MOUNT]
# Runs after the end of containerd. Containers and their shims outlive it, unless the whole machine goes down: systemd would ask them
# to end in its last round and wait 90 seconds for each that does not listen. They have had their time by then.
[ "$(systemctl is-system-running 2>/dev/null)" = stopping ] || exit 0
group=$1 socket=$2 mount=${3:-/sys/fs/cgroup}

# kill_tree FOLDER: SIGKILL for every process in the group and below it; sets found when there was one.
kill_tree() {
  [ -r "$1/cgroup.procs" ] || return 0
  while read -r pid; do
    found=1
    kill -9 "$pid" 2>/dev/null
  done <"$1/cgroup.procs"
  for below in "$1"/*/; do
    [ -d "$below" ] && kill_tree "${below%/}"
  done
}

# A shim would only clean up after what is killed here, and tell a containerd that is gone.
for file in $(grep -lzxF -e "$socket" /proc/[0-9]*/cmdline 2>/dev/null); do
  process=${file%/cmdline}
  read -r name 2>/dev/null <"$process/comm"
  case $name in containerd-shim*) kill -9 "${process#/proc/}" 2>/dev/null ;; esac
done

# cgroup v2 has one tree, v1 one for each controller. What forks meanwhile is met in the next round.
round=0
while [ "$round" -lt 50 ]; do
  found=
  for root in "$mount/$group" "$mount"/*/"$group"; do
    [ -w "$root/cgroup.kill" ] && echo 1 2>/dev/null >"$root/cgroup.kill"
    kill_tree "$root"
  done
  [ -n "$found" ] || exit 0
  round=$((round + 1))
  sleep 0.1
done
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) some processes of containers do not end; they may hang on a disk"
