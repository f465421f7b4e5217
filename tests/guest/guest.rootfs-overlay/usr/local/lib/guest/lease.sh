#!/bin/sh
# What busybox's udhcpc does with a lease, in a phone's namespace: address, way out, name server.
case "$1" in
bound | renew)
    ip address flush dev "$interface" scope global
    ip address add "$ip/$mask" dev "$interface"
    [ -z "$router" ] || ip route replace default via "${router%% *}"
    for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
    ;;
deconfig)
    ip link set "$interface" up
    ip address flush dev "$interface" scope global
    ;;
esac
