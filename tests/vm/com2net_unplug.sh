# com2net: the device goes and comes back.
. /lib/guest.sh

nullmodem
agent peer ttytool /dev/ttyNM1
serve
dial net
net set baud 57600
check "a session" eval 'net write before && peer expect before 5000'
modem unplug=0
check "ends as the device goes" net closed 10000
check "com2net does not" kill -0 $com2net_pid
check "and listens" listening 7000
agent net rfc2217_client
check "a client that comes now is told" eval 'net connect 127.0.0.1:7000 closed 10000'
modem replug=0
comes_back() {
    agent net rfc2217_client
    net connect 127.0.0.1:7000 negotiate 2000 ask baud 0 9600
}
check "it is served again when it is back" await 20 comes_back
check "bytes to it" eval 'net write again && peer expect again 5000'
check "and from it" eval 'peer write answer && net expect answer 5000'

echo "# another driver instance"
net close
await 10 saw ttyNM0 close >/dev/null
dismiss peer
check "com2net without a client does not hold the device" no_nullmodem
nullmodem
agent peer ttytool /dev/ttyNM1
check "and takes the new one" await 20 comes_back
check "with its lines" peer line +cts,+dsr 5000

echo "# hotplug"
dismiss net
unserve
modem unplug=0
serve ,hotplug
check "hotplug: begins without the device" listening 7000
modem replug=0
dial net
check "and opens it when it is there" peer line +cts,+dsr 20000
net set baud 57600 set size 7 set parity 3 set control 9
net set modemmask 255
modem unplug=0
check "the session outlives the device" net quiet 1000
check "lines are told to have gone" net notify modem 240 0 10000
forget ttyNM0
modem replug=0
check "settings are as the client set them" await 20 saw ttyNM0 'set 57600 7E1'
check "and lines" peer line -dsr,-dcd,+cts 10000
check "lines of the device are told" net notify modem 240 176 10000
peer baud 57600 format 7E1
check "bytes to it" eval 'net write again && peer expect again 5000'
check "and from it" eval 'peer write answer && net expect answer 5000'

echo "# hold"
unserve
serve ,hold,19200,dtr=off
check "held" await 10 saw ttyNM0 'set 19200'
modem unplug=0
forget ttyNM0
modem replug=0
check "opened again when it is back" await 20 saw ttyNM0 'set 19200'
check "lines as told" peer line -dsr,+cts 10000
finish
