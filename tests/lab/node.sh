#!/bin/sh
# Process 1 of a node, in its own network, mount, process and host name namespaces.
# Arguments: directory of the node, its name. What lies in the directory decides what runs.
set -eu
directory=$1
mount --make-rprivate /
mount --bind "$directory" /mnt
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lldpd /run/sshd /run/agentx /run/frr
hostname "$2"
# No names are resolved: lldpd asks for its own at start and would wait ten seconds for an answer.
mount --bind /mnt/hosts /etc/hosts
mount --bind /mnt/nsswitch.conf /etc/nsswitch.conf
[ ! -e /etc/resolv.conf ] || mount --bind /mnt/resolv.conf "$(readlink -f /etc/resolv.conf)"
[ ! -e /mnt/forward ] || echo 1 >/proc/sys/net/ipv4/ip_forward
export PATH="$PATH:/usr/sbin:/sbin" MIBS='' SNMP_PERSISTENT_DIR=/mnt/snmp SNMPCONFPATH=/mnt/none
if [ -e /mnt/snmpd.conf ]; then
    rm -rf /mnt/snmp
    mkdir /mnt/snmp
    snmpd -f -Lf /mnt/snmpd.log -C -c /mnt/snmpd.conf -I -smux </dev/null &
fi
if [ -e /mnt/lldpd.conf ]; then
    set -- -d -x -u /run/lldpd.socket -O /mnt/lldpd.conf -I 'ge*,eth*,!mgmt0,!!ge*,!!eth*'
    if [ -e /mnt/snmpd.conf ]; then
        # It would try again only after 15 seconds.
        while [ ! -S /run/agentx/master ]; do sleep 0.02; done
        set -- "$@" -X /run/agentx/master
    fi
    # Under another path no profile of AppArmor keeps it from our files.
    mkdir /run/bin
    cp "$(command -v lldpd)" /run/bin/lldpd
    /run/bin/lldpd "$@" </dev/null >/mnt/lldpd.log 2>&1 &
fi
if [ -e /mnt/sshd_config ]; then
    /usr/sbin/sshd -D -e -f /mnt/sshd_config </dev/null >/mnt/sshd.log 2>&1 &
fi
if [ -d /mnt/frr ]; then
    chown -R frr:frr /mnt/frr /run/frr
    mount --bind /mnt/frr /etc/frr
    mkdir -p /var/tmp/frr
    mount -t tmpfs tmpfs /var/tmp/frr
    for daemon in zebra ospfd; do
        "/usr/lib/frr/$daemon" -d -i "/run/frr/$daemon.pid" --vty_socket /run/frr -z /run/frr/zserv.api \
            -A 127.0.0.1
    done
    vtysh -b >/dev/null 2>&1 || true
fi
: >/mnt/started
while :; do
    sleep 3600 &
    wait $!
done
