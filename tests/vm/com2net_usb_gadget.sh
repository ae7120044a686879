# Linux's own gadgets, on an emulated bus (dummy_hcd), exported by com2net through libusb, imported
# by vhci_hcd of the same kernel: the kernel's tests of USB devices on a real one, a device that
# comes back as another, resets, and imports that are kept.
. /lib/guest.sh

modprobe vhci-hcd && modprobe usbtest && modprobe dummy_hcd && modprobe libcomposite &&
    modprobe usb_f_ss_lb && modprobe usb_f_acm && modprobe cdc_acm && modprobe usbmon ||
    skip "no vhci_hcd, usbtest, dummy_hcd or gadgets"
mount -t configfs configfs /sys/kernel/config || skip "no configfs"

gadgets=/sys/kernel/config/usb_gadget
# gadget NAME PRODUCT FUNCTION: one that is not on the bus yet
gadget() {
    local at=$gadgets/$1
    mkdir $at && echo 0x0525 >$at/idVendor && echo $2 >$at/idProduct
    mkdir $at/strings/0x409 && echo $1 >$at/strings/0x409/product
    mkdir $at/configs/c.1 $at/functions/$3
    ln -s $at/functions/$3 $at/configs/c.1
}
plug_in() { ls /sys/class/udc >$gadgets/$1/UDC; }
unplug() { echo >$gadgets/$1/UDC; }

# where CONTROLLER: the gadget's device, of this one's buses
where() { grep -l 0525 /sys/devices/platform/$1*/usb*/*-*/idVendor 2>/dev/null | sed 's|/idVendor||' | grep .; }
driven() { [ "$(basename "$(readlink "$(where $1)"/*:1.0/driver)")" = "$2" ]; }
offered() { usbip list -r 127.0.0.1 2>/dev/null | grep -q " $busid: .*($1)"; }
attach() { usbip attach -r 127.0.0.1 -b $busid && await 20 driven vhci_hcd "$1"; }
detach() {
    usbip detach -p "$(usbip port 2>/dev/null | sed -n 's/^Port 0*\([0-9][0-9]*\):.*/\1/p')"
}
serve_usb() {
    com2net "$@" 3240 >>/tmp/com2net.log 2>&1 &
    com2net_pid=$!
    await 20 listening 3240 || give_up "com2net does not start: $(cat /tmp/com2net.log)"
}

gadget zero 0xa4a0 SourceSink.0
gadget serial 0xa4a7 acm.0
gadget loop 0xa4a2 Loopback.0
plug_in zero
check "a gadget is there, with its driver" await 20 driven dummy_hcd usbtest
busid=$(basename "$(where dummy_hcd)")

echo "# the kernel's tests"
serve_usb usb:0525:a4a0/0525:a4a7
check "it attaches" attach usbtest
check "its own driver has lost it" not driven dummy_hcd usbtest
at=$(where vhci_hcd)
node=$(printf /dev/bus/usb/%03d/%03d "$(cat "$at/busnum")" "$(cat "$at/devnum")")
# run TEXT TEST ITERATIONS LENGTH VARY SGLEN
run() {
    local what=$1
    shift
    check "$1: $what" timeout 60 testusb "$node" "$@"
}
run "nothing" 0 1 0 0 0
run "bulk writes" 1 50 1024 512 0
run "bulk reads" 2 50 1024 512 0
run "bulk writes, of several lengths" 3 50 1000 250 0
run "bulk reads" 4 50 1024 512 0
run "queued bulk writes" 5 10 1024 512 8
run "queued bulk reads" 6 10 1024 512 8
run "chapter 9" 9 10 0 0 0
run "queued control requests" 10 10 0 0 32
run "reads that are unlinked" 11 10 1024 0 0
run "writes that are unlinked" 12 10 1024 0 0
run "halts are set and cleared" 13 10 0 0 0
run "control writes and reads" 14 10 1000 250 0
run "control writes and reads, odd" 21 10 1000 250 0
run "queued writes that are unlinked" 24 10 1024 0 32
run "many bulk writes at once" 27 5 1024 0 8
run "many bulk reads at once" 28 5 1024 0 8
run "toggles are cleared" 29 5 0 0 0

check "it is detached" detach

echo "# as usbip-host lists it"
list_of() { usbip --tcp-port $1 list -r 127.0.0.1 2>/dev/null; }
await 10 driven dummy_hcd usbtest >/dev/null
list_of 3240 >/tmp/ours
modprobe usbip-host && usbip bind -b $busid >/dev/null 2>&1
usbipd --tcp-port 3241 -4 >/tmp/usbipd.log 2>&1 &
usbipd_pid=$!
await 10 listening 3241
list_of 3241 >/tmp/theirs
kill $usbipd_pid
# It takes the configuration from a device: its list has no interfaces before somebody imports it.
# And com2net's has a path of its own, which says nothing of this machine, and carries its mark.
check "the kernel's list has no interfaces yet" eval \
    'grep -q "(0525:a4a0)" /tmp/theirs && ! grep -q "/unknown protocol" /tmp/theirs'
check "ours has" grep -q "0 - Vendor Specific Class .* (ff/00/00)" /tmp/ours
sed -i 's|: /sys/devices/.*/|: /com2net/|' /tmp/theirs
check "all else is the same" eval 'grep -v " 0 - " /tmp/ours | diff - /tmp/theirs'
usbip unbind -b $busid >/dev/null 2>&1
check "its own driver has it again" await 10 driven dummy_hcd usbtest
check "it attaches again" attach usbtest

echo "# another one under the same busid"
check "unplugged, it is gone from the importer" eval 'unplug zero && await 20 not where vhci_hcd'
check "and not offered" not offered 0525:a4a0
plug_in serial
check "the other one is offered under its busid" await 20 offered 0525:a4a7
check "it attaches" attach cdc_acm
tty_of() { basename "$(where $1)"/*:1.0/tty/ttyACM*; }
check "it is a tty there" await 10 eval '[ -e /dev/$(tty_of vhci_hcd) ]'
tty=/dev/$(tty_of vhci_hcd)
stty -F $tty raw -echo && stty -F /dev/ttyGS0 raw -echo
cat $tty >/tmp/from &
cat /dev/ttyGS0 >/tmp/to &
every=$(for i in $(seq 0 255); do printf '\\x%02x' $i; done)
printf "$every" >/tmp/every
cat /tmp/every >$tty
cat /tmp/every >/dev/ttyGS0
check "every byte" await 10 cmp /tmp/every /tmp/to
check "and back" await 10 cmp /tmp/every /tmp/from
check "it is detached" detach
check "its own driver has it again" await 20 driven dummy_hcd cdc_acm
unplug serial
plug_in zero
check "the first one is back" await 20 offered 0525:a4a0
unserve

echo "# empty packets"
unplug zero
plug_in loop
await 20 [ -e /sys/bus/usb/devices/$busid:1.0 ]
serve_usb usb:0525:a4a2
check "a loopback is offered" await 20 offered 0525:a4a2
devid=$(($(cat "$(where dummy_hcd)/busnum") << 16 | $(cat "$(where dummy_hcd)/devnum")))
endpoint() { echo $((0x$(cat "$(where dummy_hcd)"/*:1.0/ep_$1/bEndpointAddress) & 15)); }
words() {
    local word
    for word; do
        printf "$(printf '\\%03o' $((word >> 24)) $((word >> 16 & 255)) $((word >> 8 & 255)) $((word & 255)))"
    done
}
# bytes_back FLAGS: of what is answered to 512 bytes to the loop, and a read of up to 4096; a loop
# answers once it has 4096 bytes, or a packet that is not full
bytes_back() {
    {
        printf '\001\021\200\003\0\0\0\0'
        printf $busid
        head -c $((32 - ${#busid})) /dev/zero
        words 1 1 $devid 0 $(endpoint 0[1-9]) $1 512 0 0 0 0 0
        head -c 512 /dev/zero
        words 1 2 $devid 1 $(endpoint 8[1-9]) 0 4096 0 0 0 0 0
        sleep 1
    } | nc 127.0.0.1 3240 | wc -c
}
imported=320 answer=48
check "ZERO_PACKET ends what is written" [ $(bytes_back 0x40) = $((imported + 2 * answer + 512)) ]
await 10 offered 0525:a4a2 >/dev/null
check "without one, the loop waits for more" [ $(bytes_back 0) = $((imported + answer)) ]
unserve
unplug loop
plug_in zero
await 20 driven dummy_hcd usbtest >/dev/null

echo "# reset"
resets() { dmesg | grep -c "reset .* USB device .* using dummy_hcd"; }
# session: one that ends
session() { attach usbtest && detach && await 10 driven dummy_hcd usbtest; }
serve_usb usb:$busid
before=$(resets)
check "without the option it is imported and given back" session
check "and not reset" [ $(resets) = $before ]
unserve
serve_usb usb:$busid,reset
check "with it, too" session
check "and reset" [ $(resets) = $((before + 1)) ]
unserve

echo "# kept"
serve_usb usb:$busid,name=board
# import MS SECONDS: com2net's own import, by a client that then is there for so long; its answer's
# head in hexadecimal
import() {
    {
        printf '\001\021\214\003\0\0\0\0'
        printf board; head -c 27 /dev/zero
        words $1
        printf 0123456789abcdef
        sleep $2
    } | nc 127.0.0.1 3240 >/tmp/import
    od -An -tx1 -N 8 /tmp/import | tr -d ' \n'
    echo " $(tail -c 8 /tmp/import | od -An -tx1 | tr -d ' \n')"
}
check "it is imported and kept for 30 s" [ "$(import 30000 1)" = "01110c0300000000 0000753000000000" ]
check "its own driver stays away" not driven dummy_hcd usbtest
check "others may have it meanwhile" offered 0525:a4a0
check "who comes back in time has it as it was" \
    [ "$(import 3000 0)" = "01110c0300000000 00000bb800000001" ]
sleep 1
check "its own driver still stays away" not driven dummy_hcd usbtest
check "and has it after that time" await 5 driven dummy_hcd usbtest
check "which com2net says" await 5 grep -q "board: free again" /tmp/com2net.log
unserve
finish
