# com2net: speeds, formats and flow control, and what the device makes of them.
. /lib/guest.sh

every=$(for i in $(seq 0 255); do printf '\\x%02x' "$i"; done)

nullmodem
ttytool -k /dev/ttyNM0 hupcl 0 baud 4800
agent peer ttytool /dev/ttyNM1
serve ,57600,7e1,rtscts
forget ttyNM0
dial net
check "settings of the command line" eval 'await 5 saw ttyNM0 "set 57600 7E1 flow=rtscts"'
check "HUPCL is set, whatever the device had" saw ttyNM0 'set .* hupcl=1'
check "they are told when asked" \
    eval 'net ask baud 0 57600 && net ask size 0 7 && net ask parity 0 3 && net ask stop 0 1 && net ask control 0 3'
unserve
serve
dial net
check "a port is 8-bit clean from the start" \
    eval 'peer write "$every" && net expect "$every" 5000 && net write "$every" && peer expect "$every" 5000'
net set control 1

echo "# speeds"
for baud in 50 300 1200 9600 12345 74880 115200 250000 921600 1500000 3000000; do
    check "$baud baud" eval "net set baud $baud && saw ttyNM0 'set $baud '"
done
modem clock=1843200
check "the speed in force, where it is another" eval 'net ask baud 12345 12800 && saw ttyNM0 "set 12800 "'
check "and where the device is too slow" eval 'net ask baud 3000000 115200 && net ask baud 0 115200'
check "the speed asked for, where it is near enough" eval 'net ask baud 57000 57000 && saw ttyNM0 "set 57600 "'
modem clock=0
net set baud 115200
peer baud 115200

echo "# formats"
modem strict=1
peer marks 1
send_format() { # DATA PARITY STOP
    case $2 in N) p=1 ;; O) p=2 ;; E) p=3 ;; M) p=4 ;; S) p=5 ;; esac
    net set size "$1" set parity $p set stop "$3"
}
for format in 5N1 5E1 5O2 6E1 6M1 6S2 7N1 7N2 7E1 7O1 7O2 7M1 7S1 8N1 8N2 8E1 8O1 8E2 8M1 8S1 8M2 8O2; do
    data=${format%??} stop=${format##??} parity=${format#?}
    try() {
        send_format "$data" "${parity%?}" "$stop" && saw ttyNM0 "set 115200 $format" &&
            peer format $format && net write '\x15\x0a' && peer expect '\x15\x0a' 5000 &&
            peer write '\x0a\x15' && net expect '\x0a\x15' 5000
    }
    check "$format" try
done
check "no errors on the way" says 'frame 0 parity 0 ' peer icount
send_format 5 N 1
check "one and a half stop bits" eval 'net set stop 3 && saw ttyNM0 "set 115200 5N2"'
check "eight data bits after that, in the order in which clients set them" send_format 8 N 1
net set stop 1 set size 8 set parity 1
peer format 8N1 marks 0
modem strict=0
check "settings that do not exist are answered with those in force" \
    eval 'net ask size 9 8 && net ask parity 9 1 && net ask stop 9 1'

echo "# flow control"
check "hardware flow control" eval 'net set control 3 && saw ttyNM0 "set .* flow=rtscts" && net ask control 0 3'
peer mclear rts
net write waits
check "it is obeyed" peer quiet 300
peer mset rts
check "and lets go" peer expect waits 5000
check "lines can be told from it" eval 'net ask control 7 8'
check "XON/XOFF" eval 'net set control 2 && saw ttyNM0 "set .* flow=xon" && net ask control 0 2'
peer write '\x13'
xoff() { net write x && peer quiet 300; }
sleep 0.3 # nothing tells that the XOFF has reached the driver
check "an XOFF is obeyed" xoff
peer write '\x11'
check "and an XON" peer expect x 5000
check "and neither is data" eval 'peer write after && net expect after 5000 && net quiet 100'
check "none" eval 'net set control 1 && saw ttyNM0 "set .* flow=none hupcl" && net ask control 0 1'
check "then XOFF is data" eval 'peer write \\x13\\x11 && net expect \\x13\\x11 5000'
check "a flow control that does not exist" eval 'net ask control 17 1 || net ask control 19 1'

echo "# bytes"
check "every byte to the device" eval 'net write "$every" && peer expect "$every" 5000'
check "every byte from it" eval 'peer write "$every" && net expect "$every" 5000'
check "300 kB to the device, with flow control" eval 'net set control 3; peer crtscts 1; net writen 300000 & peer pattern 300000 60000'
wait $!
check "300 kB from it" eval 'peer writen 300000 & net pattern 300000 60000'
wait $!
finish
