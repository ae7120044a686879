# com2net's built-in FT232R with Linux's own driver on it: a serial port that gives back what is sent.
. /lib/guest.sh

trap '' HUP # of the tty, when its device goes
modprobe vhci-hcd && modprobe ftdi_sio || skip "no vhci_hcd, or no ftdi_sio"

com2net usb:demo-ftdi,name=adapter 3240 >/tmp/com2net.log 2>&1 &
check "com2net starts" await 20 grep -q 'busid 250-1' /tmp/com2net.log
check "attached by its name" usbip attach -r 127.0.0.1 -b adapter
check "ftdi_sio has made a tty of it" await 20 [ -c /dev/ttyUSB0 ]
check "it takes it for an FT232R" eval 'dmesg | grep -q "Detected FT232R"'
latency=/sys/bus/usb-serial/devices/ttyUSB0/latency_timer
check "its latency timer is read" [ "$(cat $latency)" = 16 ]
check "and set" eval "echo 1 >$latency && [ \"\$(cat $latency)\" = 1 ]"
agent app ttytool /dev/ttyUSB0
app format 8N1
app baud 3000000
check "open raises DTR and RTS, which are DSR, DCD and CTS" app line +cts,+dsr,+dcd 10000
app mclear rts
check "RTS falls alone" app line -cts,+dsr,+dcd 10000
app mclear dtr
check "DTR, too" app line -cts,-dsr,-dcd 10000
app mset dtr,rts
check "both rise" app line +cts,+dsr,+dcd 10000
check "bytes come back" eval 'app write hello && app expect hello 10000'
every=$(for i in $(seq 0 255); do printf '\\x%02x' $i; done)
check "every byte" eval 'app write "$every" && app expect "$every" 10000'
app marks 1
check "a break comes back as one" eval 'app break 50 && app expect "\xff\x00\x00" 10000'
app marks 0
check "and bytes behind it" eval 'app write hello && app expect hello 10000'
dismiss app
exec 3<>/dev/ttyUSB0
stty -F /dev/ttyUSB0 raw -echo crtscts 3000000
there_and_back() {
    dd if=/dev/urandom of=/tmp/sent bs=65536 count=64 2>/dev/null
    cat /tmp/sent >&3 &
    head -c 4194304 <&3 >/tmp/back && wait $! && cmp /tmp/sent /tmp/back
}
check "4 MiB there and back" there_and_back
check "detached with the port open" usbip detach -p 0
exec 3>&-
check "the tty is gone" await 20 [ ! -e /dev/ttyUSB0 ]
check "com2net has the device again" await 20 eval 'usbip list -r 127.0.0.1 | grep -q "250-1: "'
check "attached again" eval 'usbip attach -r 127.0.0.1 -b 250-1 && await 20 [ -c /dev/ttyUSB0 ]'
finish
