# com2net: what becomes of the port when its clients go.
. /lib/guest.sh

# when END PATTERN: the time of the last event with this in it
when() { seen "$1" | grep -E "^[0-9]+ $2" | tail -n 1 | cut -d ' ' -f 1; }

nullmodem
ttytool /dev/ttyNM0 baud 9600 format 8N1 hupcl 0
agent peer ttytool /dev/ttyNM1
serve
dial net
net set baud 57600 set size 7 set parity 3 set control 3
check "a session has the lines up" peer line +cts,+dsr 5000
forget ttyNM0 ttyNM1
net close
check "they go down with the last client, as HUPCL was set" peer line -cts,-dsr,-dcd 10000
check "the port is closed" await 10 saw ttyNM0 close
check "they went before its settings were put back" \
    eval '[ "$(when ttyNM1 "lines cts=0 dsr=0")" -lt "$(when ttyNM0 "set 9600 8N1")" ]'
check "its settings are what they were" eval 'saw ttyNM0 "set 9600 8N1 flow=none" && ttytool -k /dev/ttyNM0 settings | grep " 9600 8N1 flow=none"'
dial net
check "the next session begins with those" eval 'net ask baud 0 9600 && net ask size 0 8 && net ask parity 0 1 && net ask control 0 1'
forget ttyNM0 ttyNM1
net set control 9 abort
check "a client's reset closes it too" await 10 saw ttyNM0 close
dismiss net

echo "# a second client"
dial net
agent other rfc2217_client
check "it is refused" eval 'other connect 127.0.0.1:7000 closed 10000'
check "the first stays" eval 'net write stays && peer expect stays 5000'
net close
dismiss net
unserve
serve ,takeover
dial net
dial other
check "takeover: the first is sent away" net closed 10000
check "the second has the port" eval 'other write mine && peer expect mine 5000 && peer write yours && other expect yours 5000'
dismiss net
dismiss other
unserve
serve ,observers
dial net
dial other
check "observers: both get what the device sends" \
    eval 'peer write all && net expect all 5000 && other expect all 5000'
other write none
check "only the first sends" eval 'net write mine && peer expect mine 5000 && not peer expect none 300'
check "and sets" eval 'net set baud 19200 && other ask baud 57600 19200 && saw ttyNM0 "set 19200 "'
dismiss net
dismiss other
unserve
serve ,hupcl=off
dial net
net close
check "hupcl=off: the lines stay" eval 'await 10 saw ttyNM0 "set .*hupcl=0" && sleep 1; peer line +cts,+dsr,+dcd 1000'
unserve

echo "# hold"
forget ttyNM0 ttyNM1
serve ,hold,19200
check "hold opens at once" eval 'await 10 saw ttyNM0 open && peer line +cts,+dsr 5000'
dial net
net set baud 57600 set control 9
forget ttyNM1
net close
check "settings go back as the session ends" await 10 saw_times 2 ttyNM0 'set 19200 8N1'
check "and the lines before that" \
    eval '[ "$(when ttyNM1 "lines cts=0 dsr=0")" -lt "$(when ttyNM0 "set 19200 8N1")" ]'
check "the port stays open" not saw ttyNM0 close >/dev/null
dial net
check "the next client gets the port" eval 'net ask baud 0 19200 && net write held && peer expect held 5000'
dismiss net

echo "# the end"
forget ttyNM0
unserve
check "com2net closes the port as it ends" eval 'saw ttyNM0 close && peer line -cts,-dsr,-dcd 5000'
serve
dial net
unserve
check "with a session too" eval 'await 10 saw ttyNM0 close && peer line -cts,-dsr,-dcd 5000 && net closed 5000'
dismiss peer
check "nothing holds the device" no_nullmodem
finish
