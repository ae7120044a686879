# In the guest of tests/bench/net2usb: iceprog on com2net's iCEstick, through the kernel's client and
# usbfs, and through net2usb's libraries, in turn. Arguments: SIZE:RTT:ROUTE..., in the order of RTT.
# Prints lines "bare RTT US" and "ROUTE SIZE RTT SECONDS".
modprobe vhci-hcd || { echo "skip: no vhci_hcd"; exit 77; }

give_up() { echo "$*"; tail -n 3 /tmp/*.log; exit 1; }
# await COMMAND...: for 20 s
await() {
    local deadline=$(($(cut -d. -f1 /proc/uptime) + 20))
    until "$@" >/dev/null 2>&1; do
        [ "$(cut -d. -f1 /proc/uptime)" -le $deadline ] || give_up "not so in time: $*"
        sleep 0.05
    done
}
attached() { grep -q FTUSB /sys/devices/platform/vhci_hcd.0/usb*/*-*/product; }
detached() { ! attached; }
now() { cut -d' ' -f1 /proc/uptime; }
# timed LINE COMMAND...
timed() {
    local line=$1 begin=$(now)
    shift
    "$@" >/tmp/iceprog.log 2>&1 || give_up "$line: $*"
    echo "$line $(now) $begin" | awk '{printf "%s %s %s %.2f\n", $1, $2, $3, $4 - $5}'
}

uname -r | sed 's/^/kernel /'
com2net usb:demo-icestick 3240 >/tmp/com2net.log 2>&1 &
await grep -q 'busid 250-1' /tmp/com2net.log
at='' port=3240 relay=''
for run; do
    size=${run%%:*} route=${run##*:} rtt=${run#*:}
    rtt=${rtt%:*}
    if [ "$rtt" != "$at" ]; then
        at=$rtt
        [ -z "$relay" ] || kill $relay
        relay='' port=3240
    fi
    if [ "$rtt" != 0 ] && [ -z "$relay" ]; then
        rm -f /tmp/relay
        delay 3240 $((rtt * 1000)) >/tmp/relay 2>/tmp/relay.log &
        relay=$!
        until grep -q ' ' /tmp/relay; do
            kill -0 $relay 2>/dev/null || give_up "the relay has ended"
            sleep 0.1
        done
        read -r port us </tmp/relay
        echo "bare $rtt $us"
    fi
    what=-t
    if [ "$size" != 0 ]; then
        what=/tmp/$size
        [ -e $what ] || head -c $size /dev/urandom >$what
    fi
    case $route in
        kernel)
            usbip --tcp-port $port attach -r 127.0.0.1 -b 250-1 >/tmp/usbip.log 2>&1 ||
                give_up "usbip does not attach it"
            await attached
            timed "$route $size $rtt" iceprog $what
            usbip detach -p 0 >/tmp/usbip.log 2>&1
            await detached ;;
        ours) timed "$route $size $rtt" net2usb run 127.0.0.1:$port -- iceprog $what ;;
    esac
    await eval 'grep -q "free again" /tmp/com2net.log && : >/tmp/com2net.log'
done
echo end
