# com2net --list, selectors, and low latency, on the guest's ttys.
. /lib/guest.sh

nullmodem
com2net --list >/tmp/list.out 2>&1
check "the list has the port of the null modem" grep -x /dev/ttyNM0 /tmp/list.out
check "and what to type for it" grep "publish it   com2net /dev/ttyNM0 7000" /tmp/list.out
check "and the loopback port" grep "com2net loop: 7000" /tmp/list.out

com2net serial=NOBODY 0 >/tmp/none.out 2>&1
check "a serial number that no port has is said" grep "no serial port matches serial=NOBODY" /tmp/none.out

serve
dial net
check "low latency is asked for" eval 'ttytool -k /dev/ttyNM0 serial | grep low_latency=1'
check "and of a port that nobody opened it is not" eval 'ttytool -k /dev/ttyNM1 serial | grep low_latency=0'
net close
dismiss net
unserve
finish
