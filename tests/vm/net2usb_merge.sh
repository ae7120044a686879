# A program writes to a real device (QEMU's FTDI adapter, on an emulated xHCI) byte by byte, through
# net2usb's library and com2net: the bytes come out of a second adapter at the other end, and usbmon
# tells in how many transfers they went.
. /lib/guest.sh

modprobe xhci_pci && modprobe usbmon && modprobe ftdi_sio || skip "no xhci, usbmon or ftdi_sio"
await 20 eval '[ "$(ls /sys/bus/usb-serial/devices 2>/dev/null | wc -l)" = 2 ]' >/dev/null ||
    skip "the guest has no two USB adapters"
set -- $(cd /sys/bus/usb/devices && grep -l 0403 -- *-*/idVendor | cut -d/ -f1)
busid=$1 far=$2
address=$(printf %03d "$(cat /sys/bus/usb/devices/$busid/devnum)")
export NET2USB_SERVER=127.0.0.1:3240 NET2USB_DEVICES=$busid
text=$(for i in 1 2 3 4 5 6 7 8; do printf 'abcdefghijklmnopqrstuvwxyz0123456789'; done)
cat /sys/kernel/debug/usb/usbmon/${busid%%-*}u >/tmp/usbmon &

# submitted: how many transfers to the endpoint there were
submitted() { sync; grep -c " S Bo:[0-9]*:$address:2 " /tmp/usbmon; }

# usbmon keeps some 90 events for a reader, and drops what comes then (drivers/usb/mon/mon_text.c):
# where each byte has two, the reader has to come along
writes_all() {
    local part
    for part; do
        env LD_LIBRARY_PATH=/usr/lib/net2usb outtool 0403 6001 02 "$part" || return
        written=$((written + ${#part}))
        [ $# = 1 ] || await 20 eval '[ "$(submitted)" -ge $written ]'
    done
}

# writes OPTIONS PART...: all of it arrives
writes() {
    com2net usb:$busid$1 3240 >>/tmp/com2net.log 2>&1 &
    com2net_pid=$!
    await 20 listening 3240 || give_up "com2net does not start: $(cat /tmp/com2net.log)"
    agent other ttytool "/dev/$(basename /sys/bus/usb/devices/$far/*:1.0/ttyUSB*)"
    other format 8N1; other baud 115200
    : >/tmp/usbmon
    shift
    written=0
    check "written byte by byte, it is written" writes_all "$@"
    check "all of it comes out, in order" other expect "$text" 10000
    dismiss other
    unserve
}
echo "# merged"
writes "" "$text"
count=$(submitted)
check "${#text} bytes are few transfers: $count" [ "$count" -gt 0 -a "$count" -lt $((${#text} / 4)) ]
echo "# no-merge"
writes ,no-merge $(echo "$text" | fold -w 18)
count=$(submitted)
check "${#text} bytes are as many: $count" [ "$count" = ${#text} ]
finish
