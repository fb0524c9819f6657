# shellcheck shell=sh
# What the tests need beside Python. Sourced after common.sh.

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
    make_environment test
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
