# shellcheck shell=sh
# What quickstart, test and benchmark share: progress lines, apt, the Python environment.
# Sourced, never run. Expects $root, the checkout.

: "${root:?}"
venv=$root/.venv
python=$venv/bin/python
log=$venv/log.txt
# Nothing may be written to $HOME, and nothing of the caller's Python may leak in.
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

say() { printf '%s\n' "$*"; }

# fail CODE TEXT: a code of sysexits.h, so that a caller can tell why.
fail() {
    code=$1
    shift
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit "$code"
}

now() { date +%s; }

# step TEXT COMMAND [ARG...]: run it quietly, tell how long it took; on failure show its last words.
step() {
    text=$1
    shift
    printf '  %-60s' "$text"
    began=$(now)
    printf '\n# %s\n' "$text" >>"$log"
    code=0
    "$@" >>"$log" 2>&1 </dev/null || code=$?
    if [ "$code" -ne 0 ]; then
        printf ' failed\n'
        tail -n 25 "$log" >&2
        say "the whole log: $log" >&2
        return "$code"
    fi
    printf '%4d s\n' "$(($(now) - began))"
}

open_log() {
    if ! { mkdir -p "$venv" && : >"$log"; } 2>/dev/null; then
        fail 77 "cannot write to $venv; run as the account that owns the checkout"
    fi
}

# --- apt ------------------------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_become_root() {
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    sudo -n true 2>/dev/null && return 0
    # Somebody is there to type the password; sudo remembers it for the steps.
    [ -t 0 ] && [ -t 2 ] && sudo -v
}

# require_packages PACKAGE...: install what is named, or say exactly how to.
require_packages() {
    [ $# -gt 0 ] || return 0
    command="apt-get update && apt-get install -y --no-install-recommends $*"
    command -v apt-get >/dev/null 2>&1 ||
        fail 69 "missing: $*; there is no apt-get here, install them with your system's own tool"
    if ! can_become_root; then
        say "missing: $*" >&2
        fail 77 "not root and no sudo; as root run
  $command
and then this command again"
    fi
    downloads_began=$(now)
    step "apt: $*" apt_install "$@" || fail 69 "apt could not install $*; the command was
  $command"
    downloads_s=$((${downloads_s:-0} + $(now) - downloads_began))
}

apt() {
    # Another apt (a fresh machine updates itself) is waited for; services are left as they run.
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
        apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

apt_install() {
    apt update && apt install -y --no-install-recommends --no-upgrade "$@"
}

# --- Python ---------------------------------------------------------------------------------------

find_python() {
    for name in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

# python_packages: the packages without which no environment can be made, one a line.
python_packages() {
    if ! found=$(find_python); then
        say python3
        say python3-venv
    elif ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
        "$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
    fi
}

# The environment is right when it was made here, for this pyproject.toml, with these extras.
mark() {
    sum=$(cksum <"$root/pyproject.toml") && printf '%s for pyproject.toml %s\n' "$1" "$sum"
}

is_ours() { [ "$(head -n 1 "$venv/installed" 2>/dev/null)" = "$root" ]; }

is_installed() {
    is_ours && [ -x "$venv/bin/netops" ] && "$python" -c '' 2>/dev/null &&
        grep -qxF "$(mark "$1")" "$venv/installed"
}

make_venv() {
    found=$(find_python) || return
    if "$python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        # A checkout that was moved has programs that point to where it was.
        if [ ! -e "$venv/installed" ] || is_ours; then return 0; fi
    fi
    kept=$(cat "$log")
    "$found" -m venv --clear "$venv" || return
    printf '%s\n' "$kept" >"$log"
}

pip_install() {
    cd "$root" && "$python" -m pip install --quiet --no-cache-dir -e "$1" || return
    shift
    printf '%s\n' "$root" >"$venv/installed"
    for extras in "$@"; do mark "$extras"; done >>"$venv/installed"
}

# make_environment base|test: .venv with netops in it, made once and again only after a change.
make_environment() {
    is_installed "$1" && return 0
    find_python >/dev/null || fail 69 "netops needs Python 3.11 or newer, this machine has $(
        python3 --version 2>&1 || true
    ); install one and name it: PYTHON=/path/to/python3 $0"
    step "python environment .venv" make_venv || fail 69 "could not make $venv"
    downloads_began=$(now)
    case $1 in
        base) step "pip: netops and its libraries" pip_install . base ;;
        test) step "pip: netops, its libraries and the test tools" pip_install '.[test]' base test ;;
    esac || fail 69 "pip could not install netops; is the package index reachable?"
    downloads_s=$((${downloads_s:-0} + $(now) - downloads_began))
}
