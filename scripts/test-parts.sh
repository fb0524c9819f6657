# shellcheck shell=sh
# What the tests need beside Python. Sourced after common.sh, and expects $root like it.

: "${root:?}"

# Servers lie where a plain account does not look by itself.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

prepare_tests() {
    open_log
    say "Setting up the tests in $root"
    set --
    for package in $(is_installed test || python_packages); do
        set -- "$@" "$package"
    done
    command -v restic >/dev/null 2>&1 || set -- "$@" restic
    command -v setpriv >/dev/null 2>&1 || set -- "$@" util-linux
    require_packages "$@"
    has_postgres || add_postgres
    add_servers
    make_environment test
}

# Real servers and readers that tests start by themselves, each with a configuration of its own:
# program, and the package it comes from.
test_programs() {
    cat <<'LIST'
sshd openssh-server
ssh openssh-client
clamd clamav-daemon
clamscan clamav
sigtool clamav
faketime faketime
snmpd snmpd
snmpget snmp
lldpd lldpd
ip iproute2
vtysh frr
chromium chromium
zbarimg zbar-tools
openssl openssl
shellcheck shellcheck
LIST
}

# Tests of parts that are missing are skipped, or fail where NETOPS_TEST_REQUIRE demands them.
add_servers() {
    set --
    while read -r program package; do
        has_program "$program" || case " $* " in *" $package "*) ;; *) set -- "$@" "$package" ;; esac
    done <<LIST
$(test_programs)
LIST
    [ -d /usr/share/fonts/opentype/noto ] || set -- "$@" fonts-noto-cjk
    [ $# -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null 2>&1 || ! can_become_root; then
        say "  without $* some tests are skipped"
    else
        step "apt: $*" install_asleep "$@" || say "  some of these are missing: $*"
    fi
}

has_program() {
    command -v "$1" >/dev/null 2>&1
}

# Install servers without starting them, now or at the next boot: the tests start their own.
install_asleep() {
    policy=/usr/sbin/policy-rc.d
    made=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy"
        made=yes
    fi
    installed=0
    apt_install "$@" || installed=$?
    [ "$made" = no ] || as_root rm -f "$policy"
    if [ -d /run/systemd/system ]; then
        # Only of packages that were not there before: the machine's own servers stay as they are.
        for package in "$@"; do
            case $package in
                openssh-server) as_root systemctl disable ssh || true ;;
                clamav) as_root systemctl disable clamav-freshclam || true ;;
                clamav-daemon | snmpd | lldpd | frr | prometheus-snmp-exporter)
                    as_root systemctl disable "$package" || true ;;
            esac
        done
    fi
    return "$installed"
}

has_postgres() {
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ ! -x "$program" ] || return 0
    done
    return 1
}

add_postgres() {
    missing="without PostgreSQL its tests are skipped (or fail where NETOPS_TEST_REQUIRE demands it)"
    if ! command -v apt-get >/dev/null 2>&1 || ! can_become_root; then
        say "  $missing"
    else
        # First the part that reads the setting which keeps the server package from starting a server.
        require_packages postgresql-common
        step "apt: postgresql, without a cluster" install_postgres || say "  $missing"
    fi
}

# Debian makes and starts a cluster with a new server package, unless it is told not to. The setting
# goes into a file of its own, which is removed again: the machine's own settings stay as they were.
install_postgres() {
    folder=/etc/postgresql-common/createcluster.d
    setting=$folder/zz-netops-tests.conf
    grep -q "^include_dir.*createcluster.d" /etc/postgresql-common/createcluster.conf || {
        echo "createcluster.conf reads no createcluster.d: installing would start a server"
        return 1
    }
    had_folder=no
    [ ! -d "$folder" ] || had_folder=yes
    as_root mkdir -p "$folder" || return
    echo "create_main_cluster = false" | as_root tee "$setting" >/dev/null || return
    installed=0
    apt install -y --no-install-recommends --no-upgrade postgresql || installed=$?
    as_root rm -f "$setting"
    [ "$had_folder" = yes ] || as_root rmdir "$folder"
    return "$installed"
}
