#!/bin/sh
# Process 1 of a lab, in its own network, mount and process namespaces: everything in the lab ends
# with it, and it ends with its owner, who holds the other end of the pipe it reads from.
# Arguments: directory of the lab, `owned` or `detached`.
set -eu
directory=$1
mount --make-rprivate /
mkdir -p /run/netns
mount -t tmpfs -o mode=755 tmpfs /run/netns
mount --make-shared /run/netns
mount -t sysfs sysfs /sys
# The panel of ports and cables says nothing itself.
[ ! -d /proc/sys/net/ipv6 ] || echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ip link set lo up
if [ "$2" = detached ]; then
    exec <>"$directory/control"
else
    exec <"$directory/control"
fi
: >"$directory/kept"
while read -r verb node rest; do
    case $verb in
        start)
            ip netns exec "$node" unshare --uts --mount --pid --fork --kill-child --mount-proc \
                sh "$directory/node.sh" "$directory/$node" "$node" >>"$directory/$node/log" 2>&1 </dev/null &
            ;;
        talk)
            ip netns exec "$node" bash "$directory/talk.sh" "$rest" </dev/null >/dev/null 2>&1 &
            ;;
    esac
done
rm -rf "$directory"
