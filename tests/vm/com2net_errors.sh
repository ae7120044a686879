# com2net: breaks and line errors, both ways.
. /lib/guest.sh

nullmodem strict=1
agent peer ttytool /dev/ttyNM1
serve
dial net
net set baud 115200 set size 8 set parity 1 set stop 1
peer baud 115200 format 8N1

echo "# break to the device"
check "on" eval 'net set control 5 && saw ttyNM1 "break on"'
check "told when asked" net ask control 4 5
check "off" eval 'net set control 6 && saw ttyNM1 "break off" && net ask control 4 6'
forget ttyNM1
net hold send control 5 send control 6 go
check "on and off in one segment" eval 'net answer control 5 10000 && net answer control 6 10000 && saw ttyNM1 "break on" && saw ttyNM1 "break off"'
forget ttyNM1
net set control 5
sleep 0.5
net set control 6
check "it lasts for as long as the client wants" eval 'n=$(saw ttyNM1 "break off" | sed "s/.*ns=//"); [ $n -ge 500000000 ]'
forget ttyNM1
net raw '\xff\xf3'
check "telnet's BRK" eval 'await 10 saw ttyNM1 "break on" && await 10 saw ttyNM1 "break off"'
forget ttyNM1
net set control 5
net abort
check "a break ends with its client" await 10 saw ttyNM1 'break off'
await 10 peer line -cts 5000
dial net
net set baud 115200 set size 8 set parity 1 set stop 1

echo "# errors from the device"
check "the mask begins with 0" eval 'peer break 20 && net no-notify line 500'
check "the mask is told" net set linemask 30
net forget
check "a break" eval 'peer break 20 && net notify line 16 16 5000'
peer baud 130000 write x
check "a framing error" net notify line 30 8 5000
peer baud 115200 format 8E1 write x
check "a parity error" net notify line 30 4 5000
peer format 8N1
modem overrun=2
peer write xy
check "an overrun" net notify line 30 2 5000
modem overrun=0
net forget
check "good bytes make none" eval 'peer write good && net expect good 5000 && net no-notify line 300'
net set linemask 16 forget
peer baud 130000 write x
check "a masked error is not told" net no-notify line 500
peer baud 115200 break 20
check "another is" net notify line 255 16 5000
net close
dial net
check "a new session has the mask of 0" eval 'net set baud 115200 set size 8 set parity 1; peer break 20 && net no-notify line 500'
finish
