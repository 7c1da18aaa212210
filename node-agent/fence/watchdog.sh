#!/bin/sh
# watchdog.sh FOLDER [CGROUP_MOUNT]
# Kills the pods that must not run twice once contact with the server has been lost for as long as the machine has promised, whatever
# has become of the agent: it may hang, be stopped, or be gone. FOLDER/deadline: "<boot id> <hundredths of a second of uptime>", from
# an agent that was in contact; FOLDER/pods: "<uid> <cgroup>" on each line. A shell, so that it is small, starts with the machine and
# shares nothing with what it watches; it runs no other program than sleep.
folder=$1 mount=${2:-/sys/fs/cgroup}
read -r boot </proc/sys/kernel/random/boot_id
# The last to be killed when memory runs out, where that may be chosen.
echo -900 2>/dev/null >"/proc/$$/oom_score_adj" || true
idle=0

# Sets now and due, in hundredths of a second. Without a deadline of this boot it is over.
look() {
  read -r now _ </proc/uptime
  now=${now%.*}${now#*.}
  # 0.08 would be no number.
  case $now in 0*) now=0 ;; esac
  of= due=
  read -r of due 2>/dev/null <"$folder/deadline"
  case $due in '' | *[!0-9]* | ????????????????*) due=0 ;; esac
  [ "$of" = "$boot" ] || due=0
}

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

set_state() {
  [ -w "$1" ] && echo "$2" 2>/dev/null >"$1"
}

# kill_pod CGROUP
kill_pod() {
  if [ -e "$mount/cgroup.controllers" ]; then
    at=$mount$1
    if [ -w "$at/cgroup.kill" ]; then
      while read -r key value; do
        [ "$key $value" = 'populated 1' ] && found=1
      done 2>/dev/null <"$at/cgroup.events"
      set_state "$at/cgroup.kill" 1
      return 0
    fi
    set_state "$at/cgroup.freeze" 1
    kill_tree "$at"
    set_state "$at/cgroup.freeze" 0
    return 0
  fi
  # Frozen, it cannot make a process between two looks at the list; the signal arrives when it thaws.
  at=$mount/freezer$1
  set_state "$at/freezer.state" FROZEN
  kill_tree "$at"
  set_state "$at/freezer.state" THAWED
}

while :; do
  look
  left=$((due - now))
  if [ "$left" -gt 0 ]; then
    idle=0
    # No longer, so that an agent that has been told of its end by the server can shorten it.
    [ "$left" -gt 200 ] && left=200
    sleep "$((left / 100)).$(printf %02d $((left % 100)))"
    continue
  fi
  found=
  [ -r "$folder/pods" ] && while read -r uid group; do
    # A path of ours, and no way out of the tree.
    case $group in *..* | /) ;; /*) kill_pod "$group" ;; esac
  done <"$folder/pods"
  if [ -n "$found" ]; then
    [ "$idle" -ge 0 ] && echo "watchdog: no contact with the server in time: killed what must not run twice"
    idle=-50
  fi
  idle=$((idle + 1))
  # What was being started at that moment may still come.
  if [ "$idle" -gt 100 ]; then sleep 1; else sleep 0.1; fi
done
