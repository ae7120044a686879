# com2net's built-in DFU device with dfu-util, through Linux's own USB/IP client: it is listed,
# changes its mode, which is an unplug for the importer, and keeps and gives back firmwares.
. /lib/guest.sh

modprobe vhci-hcd || skip "no vhci_hcd"
# without a udevd, dfu-util does not see that a device has come again
mkdir -p /run/udev
ln -s /usr/bin/udevadm /tmp/systemd-udevd
/tmp/systemd-udevd --daemon --resolve-names=never >/tmp/udevd.log 2>&1 || skip "no udevd"

serve_dfu() {
    : >/tmp/com2net.log # here: the background begins when it likes
    com2net "$@" 3240 >/tmp/com2net.log 2>&1 &
    com2net_pid=$!
    await 20 grep -q 'busid 250-1' /tmp/com2net.log
}

# there PRODUCT: the device is attached, with this id
there() { cat /sys/devices/platform/vhci_hcd.0/usb*/*-*/idProduct 2>/dev/null | grep -q "^$1$"; }
gone() { ! ls /sys/devices/platform/vhci_hcd.0/usb*/*-*/idProduct >/dev/null 2>&1; }
# offered PRODUCT: com2net has it, under the same busid
offered() { usbip list -r 127.0.0.1 2>/dev/null | grep -q "250-1: .*(1209:$1)"; }
# attach PRODUCT
attach() { await 20 offered "$1" && usbip attach -r 127.0.0.1 -b 250-1 && await 20 there "$1"; }
dfu() { dfu-util "$@" >/tmp/dfu 2>&1; local status=$?; cat /tmp/dfu; return $status; }
says_dfu() { grep -q "$1" /tmp/dfu || { echo "no \"$1\""; cat /tmp/dfu; return 1; }; }

check "com2net starts" serve_dfu usb:demo-dfu,file=/tmp/firmware
check "attached" attach 0004
check "dfu-util lists it in run time" eval 'dfu -l && says_dfu "Found Runtime: \[1209:0004\].*name=\"firmware\""'
check "dfu-util -e" dfu -e
check "which it says" says_dfu "Device will detach and reattach"
check "the importer sees an unplug" await 20 gone
check "com2net has it in DFU mode" await 20 offered 0005
check "attached again, under the same busid" attach 0005
check "dfu-util lists it in DFU mode" eval 'dfu -l && says_dfu "Found DFU: \[1209:0005\].*name=\"firmware\""'
dd if=/dev/urandom of=/tmp/image bs=1000 count=50 2>/dev/null
check "a firmware is downloaded" dfu -D /tmp/image
check "to its end" says_dfu "Done!"
check "the file has it" cmp /tmp/firmware /tmp/image
check "and uploaded" dfu -U /tmp/back
check "as it was" cmp /tmp/back /tmp/image
head -c 4096 /tmp/image >/tmp/whole # of whole blocks
check "one of whole blocks" eval 'dfu -t 512 -D /tmp/whole && rm /tmp/back && dfu -t 1024 -U /tmp/back'
check "is the same, too" cmp /tmp/back /tmp/whole
tail -c 20001 /tmp/image >/tmp/other
check "with -R it goes back" dfu -D /tmp/other -R
check "by a request to detach" not says_dfu "can.t detach"
check "for the importer, an unplug" await 20 gone
check "to run time" attach 0004
check "with the new firmware" cmp /tmp/firmware /tmp/other


# The usual way: dfu-util detaches it and waits for it to come again; somebody attaches it again
# meanwhile.
(await 60 offered 0005 && usbip attach -r 127.0.0.1 -b 250-1) >/dev/null 2>&1 &
check "from run time, in one go" dfu -E 8 -D /tmp/image -R
check "which detached it" says_dfu "Device really in Run-Time Mode, send DFU detach request"
check "and downloaded" cmp /tmp/firmware /tmp/image
check "it is in run time again" attach 0004
check "nothing went wrong on the way" eval '! grep -i "cannot\|error" /tmp/com2net.log'
unserve
check "without com2net it is gone" await 20 gone

echo "# start=dfu"
check "com2net starts in DFU mode" serve_dfu usb:demo-dfu,file=/tmp/firmware,start=dfu
check "attached" attach 0005
rm -f /tmp/back
check "it has kept its firmware" eval 'dfu -U /tmp/back && cmp /tmp/back /tmp/image'
rm -f /tmp/back
check "an upload with -R goes to run time, too" eval 'dfu -U /tmp/back -R && await 20 offered 0004'
unserve
finish
