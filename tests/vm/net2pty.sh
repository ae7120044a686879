# net2pty at com2net: a port at the other end of the network as a local one.
. /lib/guest.sh

nullmodem
agent peer ttytool /dev/ttyNM1
serve
net2pty /dev/ttyNET0 127.0.0.1:7000 >/tmp/net2pty.log 2>&1 &
net2pty_pid=$!
check "the link appears" await 20 [ -c /dev/ttyNET0 ]
agent app ttytool /dev/ttyNET0
check "opening it raises DTR and RTS there" peer line +cts,+dsr,+dcd 10000
check "bytes to the device" eval 'app write hello && peer expect hello 10000'
check "bytes from it" eval 'peer write world && app expect world 10000'
every=$(for i in $(seq 0 255); do printf '\\x%02x' $i; done)
check "every byte" eval 'app write "$every" && peer expect "$every" 10000 && peer write "$every" && app expect "$every" 10000'
for baud in 300 12345 74880 250000 115200; do
    app baud $baud
    check "$baud baud" await 10 saw ttyNM0 "set $baud "
done
app format 8N2
check "two stop bits" await 10 saw ttyNM0 'set 115200 8N2'
app format 8N1 crtscts 1
check "hardware flow control" await 10 saw ttyNM0 'set 115200 8N1 flow=rtscts'
peer crtscts 1
check "300 kB to the device" eval 'app writen 300000 & peer pattern 300000 60000'
wait $!
check "300 kB from it" eval 'peer writen 300000 & app pattern 300000 60000'
wait $!
app crtscts 0
peer crtscts 0
forget ttyNM1
app hupcl 1
dismiss app
check "the last close drops the lines, with HUPCL" peer line -cts,-dsr,-dcd 10000
agent app ttytool /dev/ttyNET0
check "opening it again raises them" peer line +cts,+dsr,+dcd 10000
app hupcl 0
sleep 0.3
dismiss app
check "without HUPCL they stay" eval 'sleep 1; peer line +cts,+dsr,+dcd 1000'
kill $net2pty_pid
wait $net2pty_pid
check "the link goes with net2pty" [ ! -e /dev/ttyNET0 -a ! -L /dev/ttyNET0 ]
check "and the lines" peer line -cts,-dsr,-dcd 10000
finish
