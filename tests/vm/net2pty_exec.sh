# net2pty -- COMMAND: a program on the link has the modem lines, break, formats and drain of the real
# tty at the other end.
. /lib/guest.sh

nullmodem
agent peer ttytool /dev/ttyNM1
serve
agent app net2pty /dev/ttyNET0 127.0.0.1:7000 -- ttytool /dev/ttyNET0
check "opening it raises DTR and RTS there" peer line +cts,+dsr,+dcd 10000

echo "# modem lines"
peer mput dtr,rts
check "the other end's DTR and RTS are DSR, CD and CTS here" app line +dsr,+dcd,+cts 10000
# a driver tells of a ring's end, and of its beginning only together with another line
check "its OUT1 is a ring" eval 'peer mset out1 mclear rts && app line +ri,-cts 10000 && peer mset rts mclear out1 && app line -ri,+cts 10000'
check "RTS falls there" eval 'app mclear rts && peer line -cts,+dsr 10000'
check "DTR falls there" eval 'app mclear dtr && peer line -cts,-dsr,-dcd 10000'
forget ttyNM1
app mput dtr,rts
check "both rise" peer line +cts,+dsr,+dcd 10000
check "a wait ends with a change there" eval '(sleep 0.3; echo "mclear rts" >&$peer_fd) & says "changed after" app miwait 20000'
read -r answer <&$((peer_fd + 1)) # of the action that went past the agent
check "changes are counted" says "cts [1-9]" app icount

echo "# formats and speeds"
for format in 7E1 5N2 8O1 6M1 7S2 8N1; do
    app format $format
    check "$format" await 10 saw ttyNM0 "set 9600 $format"
done
check "an odd speed" eval 'app baud 74880 && await 10 saw ttyNM0 "set 74880 8N1"'

echo "# break"
forget ttyNM1
check "it lasts as long as it should" eval 'app break 300 && await 10 saw ttyNM1 "break off"'
seen ttyNM1 | awk '/break on/ { on = $1 } /break off/ { print "a break of", ($1 - on) / 1e6, "ms" }'
check "a received one is counted" eval 'peer break 100 && await 20 says "brk [1-9]" app icount'

echo "# order and drain"
app baud 9600
modem pace=1
peer baud 9600
forget ttyNM1
check "bytes, a speed, bytes and a drain" eval 'app write slow && app baud 1200 && app write slower && app drain'
check "the drain has waited for all of them" saw ttyNM1 "data 1200 8N1 n=6 .*hex=736c6f776572"
check "the first ones went at their speed" saw ttyNM1 "data 9600 8N1 n=4 .*hex=736c6f77"
app quit >/dev/null
wait $app_pid
check "the last close drops the lines" peer line -cts,-dsr,-dcd 10000
check "the link goes with the command" await 10 [ ! -e /dev/ttyNET0 -a ! -L /dev/ttyNET0 ]
finish
