# A real mouse (QEMU's, on an emulated xHCI) exported by com2net through libusb, imported by vhci_hcd
# of the same kernel, and moved by QEMU's monitor, which is at the other end of a serial port.
. /lib/guest.sh

modprobe xhci_pci && modprobe vhci-hcd && modprobe usbhid && modprobe hid-generic &&
    modprobe evdev || skip "no vhci_hcd, xhci, usbhid or evdev"

monitor=$(grep -l 0x1b36 /sys/class/tty/ttyS*/device/vendor 2>/dev/null | cut -d/ -f5)
[ -n "$monitor" ] || give_up "no serial port leads to QEMU's monitor"
stty -F /dev/$monitor raw -echo
cat /dev/$monitor >/tmp/monitor &
monitor() { echo "$*" >/dev/$monitor; }

# node FOLDER: the input device whose folder in sysfs has this in its name
node() {
    local at
    for at in /sys/class/input/event*; do
        case $(readlink -f "$at") in *"$1"*) echo "/dev/input/${at##*/}"; return ;; esac
    done
    return 1
}
real=/pci
events() { grep -E '^(key|rel)' "$1" | tr '\n' ','; }
saw_events() {
    await 10 eval "[ \"\$(events $1)\" = \"$2\" ]" >/dev/null || { events "$1"; return 1; }
    : >"$1"
}
watch() {
    inputtool read "$1" >>"$2" &
    await 10 grep -q ready "$2"
    : >"$2"
}

await 20 node $real >/dev/null || give_up "the guest has no mouse"
busid=$(cd /sys/bus/usb/devices && grep -l 0627 -- *-*/idVendor | cut -d/ -f1)
watch "$(node $real)" /tmp/real.events
# before the first poll of it QEMU moves another one
check "its own driver has it" await 10 eval 'monitor mouse_move 5 3; sleep 0.2
    grep -q "rel 0 5" /tmp/real.events && grep -q "rel 1 3" /tmp/real.events'
com2net usb:$busid,name=mouse 3240 >/tmp/com2net.log 2>&1 &
com2net_pid=$!
await 20 listening 3240 || give_up "com2net does not start: $(cat /tmp/com2net.log)"
check "it attaches" eval 'usbip attach -r 127.0.0.1 -b mouse && await 20 node vhci_hcd'
check "its own driver has lost it" eval 'not node $real && await 10 grep -q gone /tmp/real.events'
check "it is read" watch "$(node vhci_hcd)" /tmp/vhci.events
monitor mouse_move 7 -2
check "it moves" saw_events /tmp/vhci.events "rel 0 7,rel 1 -2,"
monitor mouse_button 1
check "a button is pressed" saw_events /tmp/vhci.events "key 272 1,"
monitor mouse_button 0
check "and released" saw_events /tmp/vhci.events "key 272 0,"
check "it is detached" usbip detach -p 0
check "its own driver has it again" await 20 node $real
: >/tmp/real.events
watch "$(node $real)" /tmp/real.events
monitor mouse_move 1 1
check "and it moves" saw_events /tmp/real.events "rel 0 1,rel 1 1,"
kill $com2net_pid
finish
