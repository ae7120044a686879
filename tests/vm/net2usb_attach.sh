# net2usb attach, beside usbip: the kernel's own client has com2net's devices, and keeps them.
. /lib/guest.sh

serve() { # into a log of its own
    : >/tmp/com2net.log # here: the background begins when it likes
    com2net usb:demo-ftdi,name=adapter usb:demo-disk:/tmp/image,name=disk usb:demo-loop:super,name=fast 3240 \
        >/tmp/com2net.log 2>&1 &
    com2net_pid=$!
    await 20 grep -q 'busid 250-3' /tmp/com2net.log
}
free() { net2usb list 127.0.0.1 | grep -q "^$1 .*speed$"; }

dd if=/dev/zero of=/tmp/image bs=1M count=0 seek=8 2>/dev/null
check "com2net starts" serve
check "without vhci_hcd it says what to load" eval '! net2usb attach 127.0.0.1 250-1 2>/tmp/out &&
    grep -q "modprobe vhci-hcd" /tmp/out'
check "so do ports" eval '! net2usb ports 2>/tmp/out && grep -q "modprobe vhci-hcd" /tmp/out'
check "no device was taken for it" free 250-1
modprobe vhci-hcd && modprobe ftdi_sio && modprobe usb-storage && modprobe sd_mod ||
    skip "no vhci_hcd, ftdi_sio, usb-storage or sd_mod"
check "nothing is attached" [ "$(net2usb ports)" = "nothing is attached" ]

check "a serial port is attached by its name" eval 'net2usb attach 127.0.0.1 adapter >/tmp/out'
check "it is named when the command ends" eval 'grep -q "^port 0: 250-1 of 127.0.0.1:3240 is .*/dev/ttyUSB0" /tmp/out &&
    grep -q "/dev/bus/usb/" /tmp/out && [ -c /dev/ttyUSB0 ]'
check "usbip knows where it is from" eval 'usbip port | grep -q "usbip://127.0.0.1:3240/250-1"'
check "ports says so, too" eval 'net2usb ports | grep -q "^port 0: 250-1 of 127.0.0.1:3240 is .*/dev/ttyUSB0"'
check "list says who has it" eval 'net2usb list 127.0.0.1 | grep -q "^250-1 .*in use by 127.0.0.1:"'
check "it cannot be attached twice" eval '! net2usb attach 127.0.0.1 250-1 2>/tmp/out &&
    grep -q "somebody else has it, 127.0.0.1:" /tmp/out'
check "a disk is attached in usbip's words" eval 'net2usb attach -r 127.0.0.1 -b 250-2 >/tmp/out &&
    grep -q "/dev/sda" /tmp/out && [ -b /dev/sda ]'
check "and one at super speed, on a port for it" eval 'net2usb attach 127.0.0.1 fast >/tmp/out &&
    at=$(sed -n "s/.* is \([0-9.-]*\) here.*/\1/p" /tmp/out) &&
    [ "$(cat /sys/bus/usb/devices/$at/speed)" = 5000 ]'
check "what usbip attached is shown" eval 'net2usb detach -p 0 && await 20 [ ! -e /dev/ttyUSB0 ] &&
    await 20 usbip attach -r 127.0.0.1 -b 250-1 && await 20 [ -c /dev/ttyUSB0 ] &&
    net2usb port | grep -q "250-1 of 127.0.0.1:3240 is .*/dev/ttyUSB0"'
check "detach of a port" eval 'net2usb detach 0 && await 20 [ ! -e /dev/ttyUSB0 ]'
check "a second time it is refused" eval '! net2usb detach 0 2>/tmp/out && grep -q "nothing is attached at port 0" /tmp/out'
check "its note is gone" [ ! -e /var/run/vhci_hcd/port0 ]
check "all are detached" eval 'net2usb detach all && await 20 [ ! -e /dev/sda ] && await 20 eval "net2usb ports | grep -q nothing"'
check "com2net has them again" eval 'await 20 free 250-1 && await 20 free 250-2'

# where each answer takes 100 ms its driver has it long before it has made its file
delay 3240 100000 >/tmp/delay &
check "a network in between" await 60 [ -s /tmp/delay ]
check "a serial port has its file when the command ends, with a slow network, too" eval '
    net2usb attach "127.0.0.1:$(cut -d" " -f1 /tmp/delay)" adapter >/tmp/out; cat /tmp/out
    grep -q "is .*/dev/ttyUSB0" /tmp/out && [ -c /dev/ttyUSB0 ]'
check "and is detached" eval 'net2usb detach 0 && await 20 [ ! -e /dev/ttyUSB0 ] && await 20 free 250-1'

net2usb attach --persist 127.0.0.1 adapter >/tmp/persist.out 2>/tmp/persist.log &
persist=$!
check "it stays" eval 'await 20 grep -q ttyUSB0 /tmp/persist.out && kill -0 $persist'
kill -9 $com2net_pid
check "the server is killed: the port is gone" await 20 [ ! -e /dev/ttyUSB0 ]
check "which it says" await 20 grep -q 'is gone' /tmp/persist.log
check "the server starts again" serve
check "and the port is back" await 30 eval '[ -c /dev/ttyUSB0 ] && [ $(grep -c ttyUSB0 /tmp/persist.out) = 2 ]'
# port 0 has ended, which the kernel tells nobody
check "what somebody detaches comes back" eval 'usbip detach -p 0 &&
    await 30 eval "[ \$(grep -c ttyUSB0 /tmp/persist.out) = 3 ]"'
ip link set lo down
check "the network is lost: the port is gone within half a minute" await 40 [ ! -e /dev/ttyUSB0 ]
ip link set lo up
check "and is back with the network" await 30 eval '[ -c /dev/ttyUSB0 ] && [ $(grep -c ttyUSB0 /tmp/persist.out) = 4 ]'
kill $persist
check "at its end it detaches" eval 'wait $persist; await 20 [ ! -e /dev/ttyUSB0 ] && net2usb ports | grep -q nothing'

mount -o remount,ro /sys
check "a read-only /sys is explained" eval '! net2usb attach 127.0.0.1 250-1 2>/tmp/out && grep -q "/sys is read-only here" /tmp/out'
mount -o remount,rw /sys
check "the device is free after that" await 20 free 250-1

# the kernel's own server, with a gadget at its own bus
modprobe dummy_hcd && modprobe g_serial && modprobe usbip_host && modprobe cdc_acm ||
    skip "no dummy_hcd, g_serial, usbip_host or cdc_acm"
gadget() { usbip list -l 2>/dev/null | sed -n 's/.*busid \([0-9.-]*\) (0525:.*/\1/p'; }
check "a gadget is there" await 20 eval '[ -n "$(gadget)" ]'
busid=$(gadget)
usbip bind -b "$busid" >/dev/null 2>&1
usbipd -4 -D --tcp-port 3241
check "a foreign server is listed" await 20 eval 'net2usb list 127.0.0.1:3241 | grep -q "^$busid .*0525:"'
check "doctor says what it lacks" eval 'net2usb doctor 127.0.0.1:3241 | grep -q "as usbipd of Linux: devices in use are not listed"'
check "its device is attached by its ids" eval 'net2usb attach 127.0.0.1:3241 "$(net2usb list 127.0.0.1:3241 |
    sed -n "s/.* \(0525:....\).*/\1/p")" >/tmp/out && grep -q "/dev/ttyACM0" /tmp/out'
check "which it then does not list any more" eval '! net2usb attach 127.0.0.1:3241 "$busid" 2>/tmp/err &&
    grep -q "or somebody else uses it; it has nothing" /tmp/err'
check "and it is detached" eval 'net2usb detach all && await 20 [ ! -e /dev/ttyACM0 ]'
finish
