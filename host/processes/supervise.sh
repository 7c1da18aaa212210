#!/bin/sh
# supervise.sh NAME RUN_DIR LOG_FILE COMMAND [ARG...]
# Keeps one command running: starts it again when it ends, with a growing pause when it ends soon. SIGTERM ends both.
# A shell, because a supervisor that only waits should not weigh what it guards.
name=$1 run=$2 log=$3
shift 3
child= stopping= pause=0.2
# Containers that take all there is must not make a machine silent. The kernel may forbid both; then it stays as it is.
echo -999 2>/dev/null >"/proc/$$/oom_score_adj" || true
urgent=
# Containers would inherit it from containerd.
case $name in containerd) ;; *) [ "$(nice -n -5 nice 2>/dev/null)" = -5 ] && urgent='nice -n -5' ;; esac
echo $$ >"$run/$name.supervisor.pid"
trap 'stopping=1; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM INT HUP

while [ -z "$stopping" ]; do
  started=$(date +%s)
  $urgent "$@" >>"$log" 2>&1 </dev/null &
  child=$!
  echo "$child" >"$run/$name.pid"
  # A trapped signal ends `wait` early: wait again until the child is really gone.
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
  done
  rm -f "$run/$name.pid"
  [ -n "$stopping" ] && break
  echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) supervisor: $name ended with code $code, starting it again in ${pause}s" >>"$log"
  [ $(($(date +%s) - started)) -ge 10 ] && pause=0.2
  sleep "$pause" &
  wait $!
  case $pause in 0.2) pause=1 ;; 1) pause=2 ;; *) pause=5 ;; esac
done
rm -f "$run/$name.supervisor.pid"
