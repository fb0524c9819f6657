#!/bin/bash
# A box that talks, as boxes do: switches forget those that do not, after a change of the spanning tree
# within two seconds. Argument: the gateway.
while :; do
    echo >"/dev/udp/$1/9"
    sleep 0.5
done 2>/dev/null
