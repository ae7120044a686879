# Isochronous transfers and alternate settings of a real device (QEMU's loudspeaker, on an emulated
# xHCI) exported by com2net through libusb, imported by vhci_hcd of the same kernel.
. /lib/guest.sh

modprobe xhci_pci && modprobe vhci-hcd && modprobe usbmon || skip "no vhci_hcd, xhci or usbmon"

# device FOLDER: the loudspeaker on one of the buses there
device() { grep -l 46f4 $1/usb*/*-*/idVendor 2>/dev/null | sed 's|/idVendor||' | grep .; }
pci="/sys/devices/pci*/*" vhci=/sys/devices/platform/vhci_hcd.0
await 20 device "$pci" >/dev/null || give_up "the guest has no loudspeaker"
real=$(device "$pci")
com2net usb:46f4:0002,name=speaker 3240 >/tmp/com2net.log 2>&1 &
com2net_pid=$!
await 20 listening 3240 || give_up "com2net does not start: $(cat /tmp/com2net.log)"
check "it attaches" eval 'usbip attach -r 127.0.0.1 -b speaker && await 20 device $vhci'
at=$(device $vhci)
await 10 [ -e "$at"/*:1.1 ]
node=$(printf /dev/bus/usb/%03d/%03d "$(cat "$at/busnum")" "$(cat "$at/devnum")")
cat /sys/kernel/debug/usb/usbmon/$(cat "$real/busnum")u >/tmp/usbmon &
check "the setting without an endpoint has none" not timeout 20 isotool $node 1 0 01 192 hello
check "400 packets are sent, each with its own result" timeout 20 isotool $node 1 1 01 192 hello
sync
# usbmon: "S Zo:BUS:DEV:1 -115:1:0 10 -18:0:192 ... = 68656c6c 6f...", "C Zo:... 0:1:FRAME:0 10 0:0:192"
check "all have reached the device" [ "$(grep -c ' S Zo:.* 10 -18:0:192 .* = 68656c6c 6f000000' /tmp/usbmon)" = 40 ]
check "which has taken them" [ "$(grep -c ' C Zo:.* 10 0:0:192 ' /tmp/usbmon)" = 40 ]
check "in its alternate setting 1" grep -q ' S Co:.* s 01 0b 0001 0001 0000' /tmp/usbmon
check "and then 0" eval 'grep " S Co:.* s 01 0b" /tmp/usbmon | tail -n 1 | grep "s 01 0b 0000 0001 0000"'
unserve
finish
