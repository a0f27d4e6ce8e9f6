#!/usr/bin/env bash
# The broker beside other forward proxies: one target, one load, one run, taking turns. Each proxy has
# one worker, and a proxy that is not installed is left out. Prints markdown.
#
# Debian: apt-get install --no-install-recommends squid tinyproxy nginx
#
#   OXG         the program `oxg`           default: target/release/oxg
#   OXG_BENCH   the program `oxg-bench`     default: bench/target/release/oxg-bench
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
oxg=${OXG:-$here/../target/release/oxg}
bench=${OXG_BENCH:-$here/target/release/oxg-bench}
export PATH=$PATH:/usr/sbin

work=$(mktemp -d)
chmod 755 "$work"
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop EXIT

# A port that was free a moment ago.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# Waits until somebody listens on a port.
wait_port() {
    for _ in $(seq 200); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    echo "nobody listens on port $1" >&2
    return 1
}
# Waits until a file has this many lines.
wait_lines() {
    for _ in $(seq 200); do
        [ "$(wc -l <"$1")" -ge "$2" ] && return
        sleep 0.05
    done
    echo "$1 stayed empty" >&2
    return 1
}
has() { command -v "$1" >/dev/null || { echo "left out: $1 is not installed" >&2; return 1; }; }

: >"$work/target"
"$bench" target >"$work/target" & pids+=($!)
wait_lines "$work/target" 1
target=$(cat "$work/target")
proxies=()

cat >"$work/manifest.json" <<'JSON'
{
  "name": "bench", "version": "0.1.0", "entry": "./bench",
  "capabilities": { "http": { "outbound": ["broker"], "methods": ["GET"] } }
}
JSON
# Serves a broker: a name, and further arguments.
serve() {
    local name=$1
    shift
    : >"$work/$name"
    "$oxg" broker serve --manifest "$work/manifest.json" --allow-loopback "${target##*:}" "$@" \
        >"$work/$name" 2>"$work/$name.log" & pids+=($!)
    wait_lines "$work/$name" 2
    . "$work/$name"
    proxies+=(--proxy "$name=${OXG_BROKER#http://}@$OXG_TOKEN_FILE")
}
# With a folder, each line of the audit is written before the request leaves, and then synced.
serve oxg --keep "$work/keep"
serve oxg-in-memory

if has nginx; then
    port=$(free_port)
    mkdir "$work/nginx"
    # No keep-alive to a target that a variable names: nginx has it only for fixed upstreams.
    cat >"$work/nginx.conf" <<CONF
worker_processes 1;
daemon off;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
events { worker_connections 4096; }
http {
    access_log $work/nginx/access.log;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    keepalive_requests 1000000;
    proxy_buffering on;
    proxy_max_temp_file_size 0;
    server {
        listen 127.0.0.1:$port;
        location / { proxy_http_version 1.1; proxy_pass http://\$host:${target##*:}; }
    }
}
CONF
    nginx -c "$work/nginx.conf" -e "$work/nginx/error.log" 2>/dev/null & pids+=($!)
    wait_port "$port" && proxies+=(--proxy "nginx=127.0.0.1:$port")
fi
if has squid; then
    port=$(free_port)
    mkdir "$work/squid"
    # Started by root it works as another user.
    [ "$(id -u)" != 0 ] || chown proxy "$work/squid"
    cat >"$work/squid.conf" <<CONF
http_port 127.0.0.1:$port
http_access allow all
cache deny all
cache_mem 8 MB
access_log stdio:$work/squid/access.log
cache_log $work/squid/cache.log
pid_filename none
pinger_enable off
coredump_dir $work/squid
shutdown_lifetime 1 seconds
max_filedescriptors 8192
CONF
    squid -N -f "$work/squid.conf" 2>/dev/null & pids+=($!)
    wait_port "$port" && proxies+=(--proxy "squid=127.0.0.1:$port")
fi
if has tinyproxy; then
    port=$(free_port)
    cat >"$work/tinyproxy.conf" <<CONF
Port $port
Listen 127.0.0.1
Timeout 60
MaxClients 1024
LogFile "$work/tinyproxy.log"
LogLevel Connect
CONF
    tinyproxy -d -c "$work/tinyproxy.conf" >/dev/null 2>&1 & pids+=($!)
    wait_port "$port" && proxies+=(--proxy "tinyproxy=127.0.0.1:$port")
fi

"$bench" load --target "$target" "${proxies[@]}" "$@"
