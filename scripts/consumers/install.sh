# What the checks need, each installed once under $home. A function succeeds when it is there, else says why not.
# Sourced by run.sh.

python() {
    local done=$home/venv/requirements.txt
    cmp -s "$here/requirements.txt" "$done" && return
    [ -x "$home/venv/bin/python" ] || python3 -m venv "$home/venv" || return
    "$home/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" || return
    cp "$here/requirements.txt" "$done"
}

node_modules() {
    command -v npm >/dev/null || { echo "npm is not installed" >&2; return 1; }
    cmp -s "$here/package.json" "$home/package.json" && return
    cp "$here/package.json" "$home/package.json.new"
    (cd "$home" && cp package.json.new package.json && npm install --no-fund --no-audit --silent) || { rm -f "$home/package.json"; return 1; }
}

critcmp() {
    cargo install --quiet --locked --root "$home" --target-dir "$home/build" critcmp@0.1.8
}

# Unpacked from Debian's package and not installed: no service is wanted.
promtool() {
    [ -x "$home/usr/bin/promtool" ] && return
    command -v apt-get >/dev/null || { echo "promtool comes in Debian's package prometheus" >&2; return 1; }
    (cd "$home" && { apt-get download --quiet prometheus || { apt-get update --quiet && apt-get download --quiet prometheus; }; } &&
        dpkg -x prometheus_*.deb . && rm prometheus_*.deb) || return
}
