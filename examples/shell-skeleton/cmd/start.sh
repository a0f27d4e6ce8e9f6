#!/usr/bin/env bash
set -euo pipefail

# Use broker-provided workspace paths
WORKDIR="${OXG_WORKSPACE:?missing workspace}"
LOG_PATH="$WORKDIR/run.log"

log() {
  printf '%s\t%s\n' "$(date -Is)" "$*" | tee -a "$LOG_PATH"
}

log "starting example plugin"

# Fetch tasks via the SDK rather than raw curl
if ! 0xgenctl broker task pull --out "$WORKDIR/task.json"; then
  log "failed to retrieve task"; exit 1
fi

# Process data and emit findings
python3 plugin/main.py "$WORKDIR/task.json"
