# com2net: modem lines, both ways.
. /lib/guest.sh

nullmodem
agent peer ttytool /dev/ttyNM1
serve
check "no lines before a client is there" peer line -cts,-dsr,-dcd 5000
dial net
check "a session raises DTR and RTS" peer line +cts,+dsr,+dcd 10000
check "and tells the lines first of all" net notify modem 240 176 10000

echo "# from the client"
net forget
forget ttyNM1
check "DTR off" eval 'net set control 9 && peer line -dsr,-dcd,+cts 5000'
check "RTS off" eval 'net set control 12 && peer line -cts 5000'
check "DTR on" eval 'net set control 8 && peer line +dsr,+dcd,-cts 5000'
check "RTS on" eval 'net set control 11 && peer line +cts 5000'
check "each was one change" saw_times 4 ttyNM1 lines
check "DTR is told when asked" eval 'net ask control 7 8 && net set control 9 && net ask control 7 9 && net set control 8'
check "RTS is told when asked" eval 'net ask control 10 11 && net set control 12 && net ask control 10 12 && net set control 11'

forget ttyNM1
net hold send control 9 send control 12 go
check "DTR and RTS in one segment are both answered" eval 'net answer control 9 10000 && net answer control 12 10000'
check "and change at once" eval 'saw_times 1 ttyNM1 lines && saw ttyNM1 "lines cts=0 dsr=0 dcd=0 .*changed=cts,dsr,dcd"'
forget ttyNM1
net hold send control 11 send control 9 send control 8 go
net answer control 11 10000 && net answer control 9 10000 && net answer control 8 10000
check "a line that is named twice moves twice" eval 'peer line +cts,+dsr 5000 && saw ttyNM1 "lines .*dsr=1 .*changed=.*dsr"'
forget ttyNM1
net hold send control 9 send control 8 send control 9 send control 8 go
net answer control 9 10000 && net answer control 8 10000 && net answer control 9 10000 && net answer control 8 10000
check "no edge of a line is dropped" saw_times 4 ttyNM1 'lines .*changed=dsr,dcd'
forget ttyNM1
net hold send control 9 write x send control 12 go
net answer control 9 10000 && net answer control 12 10000
check "data between them keeps them apart" saw_times 2 ttyNM1 lines
check "and its place" eval 'seen ttyNM1 | cut -d" " -f2 | tr "\n" " " | grep "lines data lines"'
forget ttyNM1
net hold send control 8 send control 7 send control 11 go
net answer control 8 10000 && net answer control 8 10000 && net answer control 11 10000
check "so does a question" saw_times 2 ttyNM1 lines

echo "# from the device"
peer mset dtr,rts
net forget
check "CTS off" eval 'peer mclear rts && net notify modem 17 1 5000'
check "CTS on" eval 'peer mset rts && net notify modem 17 17 5000'
check "DSR and CD off" eval 'peer mclear dtr && net notify modem 170 10 5000'
check "DSR and CD on" eval 'peer mset dtr && net notify modem 170 170 5000'
check "changes told are not told again" eval 'peer mclear rts && net notify modem 31 17 5000; net forget; peer mset rts && net notify modem 31 17 5000' 
check "a ring as it ends" eval 'peer mset out1 mclear out1 && net notify modem 4 4 5000'
check "RI while it rings" eval 'peer mset out1 mclear rts && net notify modem 65 65 5000 && peer mset rts mclear out1'
net forget
check "a pulse that is over at once" eval 'peer mclear rts mset rts && net notify modem 17 17 5000'
toggles() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        peer mclear rts && net notify modem 17 1 5000 || return
        peer mset rts && net notify modem 17 17 5000 || return
    done
}
spent() { # its SECONDS are those of /proc/uptime
    local from=$(cut -d. -f1 /proc/uptime)
    "$@" || return
    seconds=$(($(cut -d. -f1 /proc/uptime) - from))
}
idle() { # as much without waiting for anything
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        peer mget && net ask control 7 8 && peer mget && net ask control 7 8 || return
    done
}
at_once() {
    spent idle || return
    local late=$seconds
    spent toggles || return
    echo "$seconds s, of which $late s are the machine's"
    [ $((seconds - 2 * late)) -le 5 ]
}
check "twenty changes, each told at once and not by a look every second" at_once
busy=
for _ in 1 2 3 4; do
    while :; do :; done &
    busy="$busy $!"
done
for task in /proc/$com2net_pid/task/*; do # the one that waits for changes is behind them all
    [ ${task##*/} = $com2net_pid ] || renice -n 19 -p ${task##*/}
done
check "none is lost where the thread that waits for them is late" eval 'toggles && toggles && toggles'
kill $busy
check "the client can ask, as pyserial does" eval 'net forget raw \\xff\\xfa\\x2c\\x07\\xff\\xf0 && net notify modem 240 176 5000'

net set modemmask 128 forget
check "a masked change is not told" eval 'peer mclear rts mset rts && net no-notify modem 500'
check "another is, masked" eval 'peer mclear dtr && net notify modem 255 0 5000 && peer mset dtr && net notify modem 255 128 5000'
net set modemmask 0 forget
check "mask 0 silences all" eval 'peer mclear dtr mset dtr && net no-notify modem 500'
net close
dial net
check "a new session has the mask of 255" eval 'net forget && peer mclear rts mset rts && net notify modem 17 17 5000'

echo "# at the start"
net close
check "the lines go down with the client" peer line -cts,-dsr,-dcd 10000
dismiss net
unserve
serve ,dtr=off,rts=off
dial net
check "dtr=off and rts=off" peer line -cts,-dsr,-dcd 5000
check "and told so" eval 'net ask control 7 9 && net ask control 10 12'
unserve
serve ,dtr=off,rts=on
dial net
check "dtr=off and rts=on" peer line +cts,-dsr,-dcd 5000
finish
