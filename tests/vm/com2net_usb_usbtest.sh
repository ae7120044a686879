# com2net's loop with the kernel's own tests of USB devices on it, drivers/usb/misc/usbtest.c, at
# each speed. The driver takes devices by their ids only, so the loop has that of Gadget Zero.
#
# What a test writes, the next one reads: they come in pairs of the same numbers. Transfers are no
# multiples of a packet: a write that is one ends with an empty packet, which a loop gives back, and
# which the reading tests, made for a source of their own, do not expect. Those that leave writes
# behind (24, 12) are last.
. /lib/guest.sh

modprobe vhci-hcd && modprobe usbtest || skip "no vhci_hcd or no usbtest"

id=id=0525:a4a0
com2net usb:demo-loop:full,$id,name=full usb:demo-loop,$id,name=high usb:demo-loop:super,$id,name=super \
    3240 >/tmp/com2net.log 2>&1 &
check "com2net starts" await 20 grep -q 'busid 250-3' /tmp/com2net.log

device() { dirname "$(grep -l 0525 /sys/devices/platform/vhci_hcd.0/usb*/*-*/idVendor 2>/dev/null)"; }
driven() { ls -d "$(device)"/*:1.0/driver >/dev/null 2>&1; }

# run TEXT TEST ITERATIONS LENGTH VARY SGLEN
run() {
    local what=$1
    shift
    check "$speed, $1: $what" timeout 30 testusb "$node" "$@"
}

for speed in full high super; do
    check "$speed attaches, and usbtest has it" eval \
        'usbip attach -r 127.0.0.1 -b $speed && await 20 driven'
    driven || continue
    at=$(device)
    node=$(printf /dev/bus/usb/%03d/%03d "$(cat "$at/busnum")" "$(cat "$at/devnum")")
    run "nothing" 0 1 0 0 0
    run "bulk writes" 1 100 1000 250 0
    run "bulk reads" 2 100 1000 250 0
    run "bulk writes, of several lengths" 3 100 1000 250 0
    run "bulk reads" 4 100 1000 250 0
    run "queued bulk writes" 5 20 1000 250 8
    run "queued bulk reads" 6 20 1000 250 8
    run "queued bulk writes, of several lengths" 7 20 1000 250 8
    run "queued bulk reads" 8 20 1000 250 8
    run "chapter 9" 9 20 0 0 0
    run "queued control requests" 10 20 0 0 32
    run "reads that are unlinked" 11 10 1000 0 0
    run "control writes and reads" 14 20 1000 250 0
    run "control writes and reads, odd" 21 20 1000 250 0
    run "isochronous writes" 15 10 1000 250 8
    run "isochronous reads" 16 10 1000 250 8
    run "isochronous writes, odd" 22 10 1000 250 8
    run "isochronous reads, odd" 23 10 1000 250 8
    run "bulk writes, odd" 17 20 1000 250 0
    run "bulk reads, odd" 18 20 1000 250 0
    run "bulk writes, odd, premapped" 19 20 1000 250 0
    run "bulk reads, odd, premapped" 20 20 1000 250 0
    run "interrupt writes" 25 20 1000 250 0
    run "interrupt reads" 26 20 1000 250 0
    run "many bulk writes at once" 27 10 1000 0 8
    run "many bulk reads at once" 28 10 1000 0 8
    run "something to read" 1 100 1000 250 0
    run "halts are set and cleared" 13 2 0 0 0
    run "toggles are cleared" 29 2 0 0 0
    run "queued writes that are unlinked" 24 10 1000 0 32
    run "writes that are unlinked" 12 2 1000 0 0
    check "$speed is detached" eval 'usbip detach -p "$(usbip port 2>/dev/null |
        sed -n "s/^Port 0*\([0-9][0-9]*\):.*/\1/p")" && await 20 not driven'
done
finish
