#!/usr/bin/env bash
# OpenMetrics text as Prometheus itself reads and lints it: promtool.sh PROMTOOL EXPORTS
set -euo pipefail
said=$("$1" check metrics <"$2/openmetrics" 2>&1) || { echo "$said"; exit 1; }
if echo 'ipcmark{x="1} 1' | "$1" check metrics >/dev/null 2>&1; then echo "promtool accepts anything"; exit 1; fi
version=$("$1" --version 2>&1 | sed -n '1s/promtool, version \([^ ]*\).*/\1/p')
echo "promtool $version: $(grep -vc '^#' "$2/openmetrics") samples parsed, nothing to find fault with${said:+: $said}"
