# com2net's built-in USB device, as the kernel's own client sees it.
. /lib/guest.sh

modprobe vhci-hcd || skip "no vhci_hcd"

serve_usb() {
    : >/tmp/com2net.log # here: the background begins when it likes
    com2net usb:demo-loop usb:demo-loop:super,name=fast 3240 >/tmp/com2net.log 2>&1 &
    com2net_pid=$!
    await 20 grep -q 'busid 250-2' /tmp/com2net.log
}

# device ATTRIBUTE VALUE: the device whose attribute has the value, on one of vhci_hcd's buses
device() {
    local at
    for at in /sys/devices/platform/vhci_hcd.0/usb*/*-*/"$1"; do
        [ -e "$at" ] && [ "$(cat "$at")" = "$2" ] && dirname "$at" && return
    done
    return 1
}

attach() { usbip attach -r 127.0.0.1 -b "$1" && await 20 device serial demo; }
detach() {
    usbip detach -p "$(usbip port 2>/dev/null | sed -n 's/^Port 0*\([0-9][0-9]*\):.*/\1/p')" &&
        await 20 not device serial demo
}

check "com2net starts" serve_usb
check "usbip lists both devices" eval 'usbip list -r 127.0.0.1 >/tmp/list &&
    grep -q "250-1: .*(1209:0001)" /tmp/list && grep -q "250-2: " /tmp/list'
check "it attaches one" attach 250-1
at=$(device serial demo)
check "the kernel has read its strings" [ "$(cat "$at/product")" = "USB loopback" ]
check "it is at high speed" [ "$(cat "$at/speed")" = 480 ]
check "it is configured" [ "$(cat "$at/bConfigurationValue")" = 1 ]
check "it has eight endpoints" eval '[ $(ls -d "$at"/*:1.0/ep_* | wc -l) = 8 ]'
check "usbip shows it" eval 'usbip port | grep -q "1209:0001"'
check "it is not listed while it is in use" eval '! usbip list -r 127.0.0.1 | grep -q "250-1: "'
check "it cannot be attached twice" not usbip attach -r 127.0.0.1 -b 250-1
check "it is detached" detach
check "com2net has it again" await 20 eval 'usbip list -r 127.0.0.1 | grep -q "250-1: "'
check "the other one attaches at super speed" attach 250-2
at=$(device serial demo)
check "super speed" [ "$(cat "$at/speed")" = 5000 ]
check "it is detached, too" detach
# present: likewise device serial demo, without a process, which the guest has to emulate
present() {
    local at text
    for at in /sys/devices/platform/vhci_hcd.0/usb*/*-*/serial; do
        [ -e "$at" ] && read -r text <"$at" && [ "$text" = demo ] && return
    done 2>/dev/null
    return 1
}
# soon COMMAND...: within some 20 s
soon() {
    local left=400
    until "$@"; do
        [ $((left -= 1)) -gt 0 ] || return 1
        sleep 0.05
    done
}
storm() {
    local i
    for i in $(seq 200); do
        usbip attach -r 127.0.0.1 -b 250-1 && soon present || return 1
        usbip detach -p 0 && soon not present || return 1
    done
}
check "200 times attached and detached" storm
check "attached once more" attach 250-1
at=$(device serial demo)
node=$(printf /dev/bus/usb/%03d/%03d "$(cat "$at/busnum")" "$(cat "$at/devnum")")
streamtool $node 0 01 81 >/tmp/streamtool.log 2>&1 &
stream_pid=$!
check "data are moved to it and back" await 20 grep -q streaming /tmp/streamtool.log
check "which does not end by itself" kill -0 $stream_pid
kill -9 $com2net_pid
check "a server that is killed meanwhile takes its device along" await 20 not device serial demo
check "no transfer is left" await 20 grep -q 'came back' /tmp/streamtool.log
check "all that were under way have come back" wait $stream_pid
check "it can be started anew" serve_usb
check "and attached" attach 250-1
finish
