# A real device (QEMU's FTDI adapter, on an emulated xHCI) exported by com2net through libusb and
# imported by vhci_hcd of the same kernel. Its other end is a second one, which keeps its driver.
. /lib/guest.sh

trap '' HUP # of ttys, when their devices go
modprobe xhci_pci && modprobe vhci-hcd && modprobe usbmon || skip "no vhci_hcd, xhci or usbmon"
modprobe ftdi_sio || skip "no ftdi_sio"

# tty FOLDER...: the tty of the first device there that has one
tty() {
    local at
    for at in "$@"; do
        set -- "$at"/*:1.0/ttyUSB*
        [ ! -e "$1" ] || { echo "/dev/${1##*/}"; return; }
    done
    return 1
}
real_tty() { tty /sys/bus/usb/devices/"$busid"; }
vhci_tty() { tty /sys/devices/platform/vhci_hcd.0/usb*/*-*; }
await 20 eval '[ "$(ls /sys/bus/usb-serial/devices 2>/dev/null | wc -l)" = 2 ]' >/dev/null ||
    skip "the guest has no two USB adapters"
set -- $(cd /sys/bus/usb/devices && grep -l 0403 -- *-*/idVendor | cut -d/ -f1)
busid=$1 far=$2
bus=${busid%%-*}
serial=$(cat /sys/bus/usb/devices/$busid/serial)

serve_usb() {
    com2net "$@" 3240 >>/tmp/com2net.log 2>&1 &
    com2net_pid=$!
    await 20 listening 3240 || give_up "com2net does not start: $(cat /tmp/com2net.log)"
}
offered() { usbip list -r 127.0.0.1 2>/dev/null | grep -q " $busid: .*(0403:6001)"; }
attach() { usbip attach -r 127.0.0.1 -b "$1" && await 20 vhci_tty; }
# all of the bus, and plugs it in again
unplug() { echo $bus-0:1.0 >/sys/bus/usb/drivers/hub/unbind; }
plug_in() { echo $bus-0:1.0 >/sys/bus/usb/drivers/hub/bind; }
far_end() {
    agent other ttytool "$(await 20 tty /sys/bus/usb/devices/$far)"
    other format 8N1; other baud 115200
}
near_end() {
    agent app ttytool "$1"
    app format 8N1; app baud 115200
}
given_back() { await 20 real_tty; }

check "what nothing matches is an error" eval '! com2net usb:1234:5678 3240 2>/tmp/none.log'
check "that says what there is" grep "usb:1234:5678; there are .*usb:$busid (0403:6001)" /tmp/none.log
check "the list has the device" says "com2net usb:$busid 3240" com2net --list
check "with its serial number" says "0403:6001, serial number $serial" com2net --list
check "with its interface's driver, and its tty" \
    says "interface 0  ftdi_sio, ttyUSB[01]: returns to it when no client has the device" com2net --list
check "the doctor tells of both" says "ok   usb:$busid .0403:6001. can be published" com2net doctor
check "and of the tty" says "ok   /dev/ttyUSB0 can be published: com2net" com2net doctor
echo 'nobody:x:65534:65534::/:/bin/sh' >>/etc/passwd
chmod 600 /dev/bus/usb/*/*
check "without permission it says what to do" \
    says 'not now .*ATTR\{idProduct\}=="6001".*udev/rules.d' su nobody -c 'com2net --list'
check "and so does the doctor" \
    says 'note usb:.*ATTR\{idProduct\}=="6001".*udev/rules.d' su nobody -c 'com2net doctor'
check "which says whom a serial port wants" \
    says 'BAD  /dev/ttyUSB0: permission denied; join the group' su nobody -c 'com2net doctor'

echo "# import"
serve_usb usb:0403:6001
check "both devices match VID:PID and are offered" eval 'offered && usbip list -r 127.0.0.1 | grep -q " $far: "'
unserve
serve_usb usb:0403:6001:$serial,name=adapter
check "one has the serial number" eval 'offered && ! usbip list -r 127.0.0.1 | grep -q " $far: "'
cat /sys/kernel/debug/usb/usbmon/${bus}u >/tmp/usbmon &
check "it attaches" attach adapter
check "its own driver has lost it" not real_tty
near_end "$(vhci_tty)"
far_end
check "bytes from the importer" eval 'app write hello && other expect hello 10000'
check "bytes to it" eval 'other write world && app expect world 10000'
every=$(for i in $(seq 0 255); do printf '\\x%02x' $i; done)
check "every byte" eval 'app write "$every" && other expect "$every" 10000'
check "and back" eval 'other write "$every" && app expect "$every" 10000'
forget_requests() { sync; : >/tmp/usbmon; }
forget_requests
app mclear dtr
check "DTR off reaches the device" await 10 grep -q 's 40 01 0100 ' /tmp/usbmon
app mset dtr
check "and on" await 10 grep -q 's 40 01 0101 ' /tmp/usbmon
check "while it is imported it is not offered" not offered
check "and cannot be imported" not usbip attach -r 127.0.0.1 -b $busid
com2net usb:$busid 3241 >/tmp/second.log 2>&1 &
second_pid=$!
check "another com2net starts, too" await 20 listening 3241
check "but cannot have the device now" not usbip --tcp-port 3241 attach -r 127.0.0.1 -b $busid
check "and says why" await 10 grep -q "cannot import \"$busid\": another program has it" /tmp/second.log
kill $second_pid
dismiss app
imported=$(dirname /sys/devices/platform/vhci_hcd.0/usb*/*-*/idVendor)
real=/sys/bus/usb/devices/$busid
echo 0 >$imported/bConfigurationValue
check "the importer's configuration 0 is that of the device" eval \
    'await 10 not vhci_tty && [ -z "$(cat $real/bConfigurationValue)" ]'
echo 1 >$imported/bConfigurationValue
check "and 1" eval 'await 10 vhci_tty && [ "$(cat $real/bConfigurationValue)" = 1 ]'
check "its own driver stays away" not real_tty
near_end "$(vhci_tty)"
check "it works" eval 'app write hello && other expect hello 10000'
dismiss app
forget_requests
echo 1 >$imported/bConfigurationValue # as in a reset, which goes no further than that
check "the one in force reaches the device, too, after transfers" await 10 grep -aq 's 00 09 0001 ' /tmp/usbmon
check "and its tty is back" await 10 vhci_tty
check "its own driver still stays away" not real_tty
near_end "$(vhci_tty)"
check "and works" eval 'app write hello && other expect hello 10000'
dismiss app
check "it is detached" usbip detach -p 0
check "its driver has it again" given_back
near_end "$(real_tty)"
check "and works" eval 'app write hello && other expect hello 10000'
dismiss app

echo "# a disk"
unserve
modprobe usb-storage && modprobe sd_mod
# disk WHERE: the node of the disk whose folder in sysfs has this in its name
disk() {
    local at
    for at in /sys/block/sd*; do
        case $(readlink -f "$at") in *"$1"*) echo "/dev/${at##*/}"; return ;; esac
    done
    return 1
}
await 20 disk /pci >/dev/null || give_up "the guest has no disk"
real=$(disk /pci)
stick=$(readlink -f /sys/block/${real##*/} | sed 's|/[^/]*:[0-9.]*/host.*||; s|.*/||')
dd if=/dev/urandom of=/tmp/sent bs=65536 count=64 2>/dev/null
serve_usb usb:$stick
check "a disk attaches" eval 'usbip attach -r 127.0.0.1 -b $stick && await 20 disk vhci_hcd'
check "its own driver has lost it" not disk /pci
there=$(disk vhci_hcd)
check "4 MiB are written to it" eval 'dd if=/tmp/sent of=$there bs=65536 conv=fsync 2>&1'
echo 3 >/proc/sys/vm/drop_caches
check "and read" eval 'head -c 4194304 $there | cmp - /tmp/sent'
check "it is detached" usbip detach -p "$(usbip port 2>/dev/null | sed -n 's/^Port 0*\([0-9][0-9]*\):.*/\1/p')"
check "its driver has it again" await 20 disk /pci
check "with what was written" eval 'head -c 4194304 $(disk /pci) | cmp - /tmp/sent'
unserve
serve_usb usb:0403:6001:$serial,name=adapter

echo "# unplug"
check "it is offered again" await 10 offered
check "it attaches again" attach $busid
near_end "$(vhci_tty)" # and its reads wait
dismiss other
unplug
check "unplugged, it is gone from the importer" await 20 not vhci_tty
check "which com2net says" await 10 grep -q "adapter: it is unplugged" /tmp/com2net.log
dismiss app
check "and com2net does not offer it" not offered
plug_in
check "plugged in, it is offered under the same busid" await 20 offered
check "and attaches" attach $busid
far_end
near_end "$(vhci_tty)"
check "and works again" eval 'app write again && other expect again 10000'
dismiss other

echo "# end"
unserve # reads wait
check "com2net ends with status 0" [ $? = 0 ]
check "its end takes the device from the importer" await 20 not vhci_tty
check "and gives it back" given_back
dismiss app
unplug
check "without hotplug it has to be there" not com2net usb:$busid 3240
serve_usb usb:$busid,hotplug
check "with hotplug it may be absent at the start" not offered
plug_in
check "and is offered when it comes" await 20 offered
unserve
finish
