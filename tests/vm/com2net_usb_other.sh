# com2net: another device comes under the name of the one that has gone.
. /lib/guest.sh

trap '' HUP # of a tty, when its device goes
modprobe vhci-hcd && modprobe ftdi_sio || skip "no vhci_hcd, or no ftdi_sio"

attach() {
    usbip attach -r 127.0.0.1 -b "$1" && await 20 [ -c /dev/ttyUSB0 ]
}
detach() {
    usbip detach -p 0 && await 20 [ ! -e /dev/ttyUSB0 ]
}
said() {
    grep -q "$1" /tmp/com2net.log
}

com2net usb:demo-ftdi,name=one usb:demo-icestick,name=two 3240 >/tmp/usb.log 2>&1 &
check "boards are published" await 20 grep -q 'two.*busid 250-2' /tmp/usb.log
check "one is attached" attach one
com2net /dev/ttyUSB0,hotplug 7000 >/tmp/com2net.log 2>&1 &
check "its port is published" await 20 listening 7000
agent net rfc2217_client
net connect 127.0.0.1:7000 negotiate 2000 ask baud 0 9600
check "a client has it" await 10 said ': open, '
check "it goes" detach
check "which is told" await 20 said 'the device has gone'
check "another one has its name" attach two
check "which is told, too" await 20 said 'another device has this name now (USB device 0403:6010'
net write for-the-first
sleep 2
check "it is not opened" eval '! said "back, "'
check "it goes as well" detach
check "the first one is back" attach one
check "and given to the client that had it" await 20 said ': back, '
net close
check "left" await 20 said ': closed'
check "once more another one" eval 'detach && attach two'
agent again rfc2217_client
again connect 127.0.0.1:7000 negotiate 2000 ask baud 0 9600
check "a new client has whichever is there" [ "$(grep -c ': open, ' /tmp/com2net.log)" = 2 ]
finish
