# com2net: settings keep their place among the bytes, and a purge drops what is queued.
. /lib/guest.sh

nullmodem pace=1 strict=1 fifo=1
agent peer ttytool /dev/ttyNM1
serve
dial net
net set control 1

try_order() {
    net set baud 1200 set size 8 set parity 1 set stop 1
    peer baud 1200 format 8N1
    forget ttyNM0 ttyNM1
    net hold write AAAAAAAA send baud 9600 write BBBBBBBB go
    net answer baud 9600 10000 &&
        await 10 saw ttyNM1 'data 9600 8N1 n=8 framing=8 .*hex=4242424242424242' &&
        saw ttyNM1 'data 1200 8N1 n=8 framing=0 .*hex=4141414141414141'
}
echo "# bytes before and after a speed, in one segment"
check "leave with the old and with the new" try_order
modem fifo=16
check "also through a FIFO that the driver does not count" try_order
modem fifo=1

net set baud 1200
peer baud 1200
forget ttyNM1
net hold write AAAAAAAA send parity 3 send size 7 write BBBB go
net answer parity 3 10000
net answer size 7 10000
check "the same for a format" eval 'await 10 saw ttyNM1 "data 1200 7E1 n=4 .*hex=42424242" && saw ttyNM1 "data 1200 8N1 n=8 framing=0 "'
net set parity 1 set size 8
forget ttyNM1
net hold write AAAAAAAA send control 5 go
net answer control 5 10000
check "for a break" eval 'await 10 saw ttyNM1 "break on" && saw ttyNM1 "data 1200 8N1 n=8 framing=0 .*lost=0"'
net hold send control 6 write BBBB go
net answer control 6 10000
check "and its end" eval 'await 10 saw ttyNM1 "data .*n=4 .*lost=0 .*hex=42424242"'
forget ttyNM1
net hold write AAAAAAAA send control 9 go
net answer control 9 10000
last_byte_before_lines() {
    seen ttyNM1 | awk '$2 == "data" { sub(".*until=", ""); until = $1 } $2 == "lines" { at = $1 }
        END { exit !(until && at >= until) }' || { seen ttyNM1; return 1; }
}
check "and for a line" eval 'await 10 saw ttyNM1 lines && last_byte_before_lines'
net set control 8

echo "# when the bytes do not leave"
net set control 3
peer mclear rts
net write stuck
from=$(cut -d. -f1 /proc/uptime)
check "a setting is answered all the same" net set baud 9600
took=$(($(cut -d. -f1 /proc/uptime) - from))
check "after a bounded wait ($took s)" [ $took -le 10 ]
check "and done" saw ttyNM0 'set 9600'
check "but not at once" [ $took -ge 1 ]
peer baud 9600 mset rts
check "the bytes leave in the end" peer expect tuck 10000

echo "# purge"
net set control 1 set baud 300
peer baud 300
forget ttyNM0 ttyNM1
net writen 2000
await 10 saw ttyNM1 'data ' >/dev/null
check "a purge of what is to be sent" net set purge 2
check "drops it from the driver's queue" saw ttyNM0 'flush n='
sent() { seen ttyNM1 | sed -n 's/.* n=\([0-9]*\) .*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }
check "so that little has left" eval 'peer read 500; n=$(sent); echo $n; [ $n -lt 200 ]'
net set baud 115200
peer baud 115200
check "bytes after it pass" eval 'net write after && peer expect after 10000'
net set baud 300
peer baud 300
net writen 6000
await 10 saw ttyNM1 'data ' >/dev/null
sleep 1 # nothing tells that com2net has read them all; that it has some is enough
check "a purge drops what waits in com2net too" net set purge 2
net set baud 115200
peer baud 115200 read 500 >/dev/null
check "and bytes after it pass" eval 'net write after && peer expect after 10000'

# com2net logs each message as it takes it
taken() { await 10 grep -q "> $1" /tmp/com2net.log; }

net flow 0
taken FLOWCONTROL-SUSPEND
forget ttyNM0
peer write early
await 10 saw ttyNM0 'data .*hex=6561726c79$' >/dev/null
net send purge 1
taken 'PURGE-DATA 1'
net flow 1
check "a purge of what was received" eval 'net answer purge 1 10000'
check "drops that" net quiet 1000
check "bytes after it pass" eval 'peer write late && net expect late 10000'
check "a purge of both" eval 'net set purge 3 && net write both && peer expect both 10000 && peer write ways && net expect ways 10000'

echo "# suspended"
: >/tmp/com2net.log
net flow 0
taken FLOWCONTROL-SUSPEND
peer write held
check "data of the device wait" net quiet 500
net flow 1
check "and come when resumed" net expect held 10000
finish
