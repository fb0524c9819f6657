#!/bin/sh
# netops-logs-export DIRECTORY... : shows and sends the files below these directories, nothing else.
# For authorized_keys:  command="/usr/local/bin/netops-logs-export /var/log/nginx",restrict KEY
# Needs GNU find and dd. Files are named by number alone, so no name can carry a command or a path.
set -euf
PATH=/usr/bin:/bin
LC_ALL=C
export PATH LC_ALL
refuse() {
    echo "netops-logs-export: $1" >&2
    exit 64
}
[ $# -ge 1 ] || refuse "no directory is allowed here"

show() { # one record per file: number of the directory, inode, size, time, name; then the end
    failed=0
    number=0
    for directory; do
        find "$directory" -xdev -type f -printf "$number %i %s %T@ %P\\0" || failed=1
        number=$((number + 1))
    done
    printf 'end %s\0' "$failed"
}

request=${SSH_ORIGINAL_COMMAND-}
case $request in
list)
    show "$@"
    ;;
"read "*)
    request=${request#read }
    case $request in
    *[!0-9\ ]* | *"  "* | " "* | *" ") refuse "only numbers are understood" ;;
    *" "*" "*" "*" "*) refuse "read NUMBER INODE OFFSET LENGTH" ;;
    *" "*" "*" "*) ;;
    *) refuse "read NUMBER INODE OFFSET LENGTH" ;;
    esac
    number=${request%% *}
    request=${request#* }
    inode=${request%% *}
    request=${request#* }
    offset=${request%% *}
    length=${request#* }
    [ "$number" -lt $# ] || refuse "there is no directory $number"
    shift "$number"
    find "$1" -xdev -type f -inum "$inode" -execdir dd if='{}' bs=65536 \
        iflag=nofollow,skip_bytes,count_bytes,fullblock skip="$offset" count="$length" status=none \; -quit
    ;;
*)
    refuse "only list and read are understood"
    ;;
esac
