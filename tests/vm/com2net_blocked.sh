# com2net: a driver that does not return from a call stops its own port, and no other one.
. /lib/guest.sh

nullmodem
agent peer ttytool /dev/ttyNM1
agent far ttytool /dev/ttyNM3
com2net -v /dev/ttyNM0 7000 /dev/ttyNM2 7001 >>/tmp/com2net.log 2>&1 &
com2net_pid=$!
await 20 listening 7001 || give_up "com2net does not start: $(cat /tmp/com2net.log)"
agent other rfc2217_client
other connect 127.0.0.1:7001 negotiate 10000 || give_up "no session: $(tail /tmp/com2net.log)"
dial net

other_goes_on() {
    local i
    for i in 0 1 2 3 4 5 6 7 8 9; do
        other write "to$i" && far expect "to$i" 20000 &&
            far write "from$i" && other expect "from$i" 20000 || return
    done
}
check "the other port works" other_goes_on

# called WHAT VALUE ANSWER: a command whose call hangs
called() {
    modem stall=1
    net hold send "$1" "$2" write after go
    peer write "meanwhile-$1-$2"
    check "the other port goes on while a driver hangs: $1 $2" other_goes_on
    check "bytes after the command wait for it" not peer expect after 300
    modem stall=0
    check "then it is answered" net answer "$1" "$2" 20000
    check "its bytes come after it" peer expect after 20000
    check "and those of the device" net expect "meanwhile-$1-$2" 20000
}
called baud 19200
called size 7
net set size 8
called control 9
called control 5
net set control 6 set control 8

modem stall=1
net close
check "the other port goes on while one closes" other_goes_on
net connect 127.0.0.1:7000
check "the next client waits for that" await 20 grep 'the driver takes long to close it' /tmp/com2net.log
check "and the other port does not" other_goes_on
modem stall=0
check "then the client is served" net negotiate 20000
net write served
check "and its bytes arrive" peer expect served 20000

# the kernel keeps a process whose thread is in a driver
modem stall=1
net send baud 9600
check "the driver hangs" await 20 grep 'takes long to make its settings' /tmp/com2net.log
kill $com2net_pid
check "com2net does not wait for it to close the other port" await 20 saw ttyNM2 close
modem stall=0
check "and ends" wait $com2net_pid
finish
