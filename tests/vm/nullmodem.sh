# The null modem itself: what the other guest scripts take for granted of it.
. /lib/guest.sh

nullmodem
agent a ttytool /dev/ttyNM0
agent b ttytool /dev/ttyNM1

echo "# lines"
check "opening raises the other end's CTS, DSR and DCD at once" \
    saw ttyNM1 'lines cts=1 dsr=1 dcd=1 ri=0 changed=cts,dsr,dcd'
a mput none
check "lines of one TIOCMSET change at once" saw ttyNM1 'lines cts=0 dsr=0 dcd=0 ri=0 changed=cts,dsr,dcd'
a mset dtr
check "DTR is DSR and DCD" b line +dsr,+dcd,-cts 5000
a mset rts
check "RTS is CTS" b line +cts 5000
forget ttyNM1
a mset out1 mclear out1
check "OUT1 is RI, on and off" saw ttyNM1 'lines .*ri=0 changed=ri'
check "a ring is counted as it ends" says 'ri 1 ' b icount
(sleep 0.3; ttytool /dev/ttyNM2 close) &
check "TIOCMIWAIT does not end for another cable" not b miwait 1000
agent c ttytool /dev/ttyNM2
agent d ttytool /dev/ttyNM3
echo "miwait 10000" >&$((d_fd))
sleep 0.2
c mclear rts
check "TIOCMIWAIT ends with a change" eval 'IFS= read -r l <&$((d_fd + 1)) && echo "$l" | grep changed && IFS= read -r l <&$((d_fd + 1))'
dismiss c
dismiss d

echo "# bytes without time"
check "bytes arrive" eval 'a write hello\\n && b expect hello\\n 5000'
a baud 1200 format 7E2
b baud 115200
check "whatever the settings" eval 'a write other && b expect other 5000'
check "nothing stays in the queue" says 'outq: 0' a outq
a crtscts 1
b mclear rts
a write stopped
check "CRTSCTS stops the output" says 'outq: 7' a outq
b mset rts
check "and lets it go" b expect stopped 5000
a crtscts 0 flow 0 write held
check "tcflow stops the output" says 'outq: 4' a outq
check "tcflush empties the queue" eval 'a flush o && a outq && a flow 1 && b quiet 100'
a xonxoff 1
b write '\x13'
check "XOFF stops the output" eval 'await 5 says "outq: 1" a write x outq flush o'
b write '\x11'
check "XON lets it go" eval 'a write after && b expect after 5000'
a xonxoff 0 baud 115200 format 8N1
check "64 KiB cross while the receiver is slow" \
    eval 'a writen 65536 & sleep 0.5; b pattern 65536 20000'
wait $!

echo "# settings"
for format in 5E1 5N2 6O1 7E1 7O2 7M1 7S1 8N1 8N2 8M1 8S1 8E1 8O2; do
    a format $format
    check "format $format is kept and seen" \
        eval "says ' $format ' a settings && saw ttyNM0 'set 115200 $format flow=none hupcl=1'"
done
a format 8N1
for baud in 50 300 12345 74880 250000 3000000; do
    a baud $baud
    check "$baud baud is kept and seen" \
        eval "says ' $baud ' a settings && saw ttyNM0 'set $baud 8N1'"
done
modem clock=1843200
a baud 12345
check "a clock's divisor rounds the speed" says 'settings: 12800 ' a settings
a baud 250000
check "and the fastest is the clock's" says 'settings: 115200 ' a settings
modem clock=0
a crtscts 1 hupcl 0
check "flow control and HUPCL are seen" saw ttyNM0 'set 115200 8N1 flow=rtscts hupcl=0'
a crtscts 0 lowlat 1
check "low_latency is kept" says 'low_latency=1' a serial
a lowlat 0

echo "# errors"
modem strict=1
a marks 1
b baud 115200
a baud 115200 format 8N1
forget ttyNM0
b baud 119000 write A
check "3 % off is near enough" a expect A 5000
b baud 130000 write A
check "a speed 13 % off is a framing error" a expect '\xff\x00A' 5000
b baud 115200 format 7N1 write A
check "other data bits are a framing error" a expect '\xff\x00A' 5000
b format 8E1 write A
check "another parity is a parity error" a expect '\xff\x00A' 5000
check "and counted so" says 'frame 2 parity 1 overrun 0' a icount
check "the log tells" saw ttyNM0 'data 115200 8E1 n=1 framing=0 parity=1 overrun=0 lost=0 .*hex=41'
b format 8N2 write A
check "stop bits do not matter" a expect A 5000
b format 7E1 write '\xc1'
a format 7E1
check "bytes have the sender's data bits" a expect '\xff\x00A' 5000
b format 8N1
a format 8N1
modem overrun=3
b write 123456
check "every third byte is an overrun" a expect 1245 5000
check "and counted" says 'overrun 2' a icount
modem overrun=0 strict=0
a marks 0

echo "# break"
a marks 1
b break 50
check "a break is received as one" a expect '\xff\x00\x00' 5000
check "and counted" says 'brk 1 ' a icount
check "its length is seen" eval 'n=$(saw ttyNM0 "break off" | sed "s/.*ns=//"); [ $n -ge 50000000 ]'
b brk 1
dismiss b
check "a break ends with the last close" saw_times 2 ttyNM0 'break off'
agent b ttytool /dev/ttyNM1
a marks 0

echo "# bytes that take time"
modem pace=1 strict=1 fifo=1
a baud 1200 format 8N1
b baud 1200 format 8N1
forget ttyNM0 ttyNM1
a write 0123456789ABCDEFGHIJKLMN sleep 20 outq drain >/tmp/o # at once: bytes go on meanwhile
check "TIOCOUTQ counts down" eval 'n=$(sed -n "s/outq: //p" /tmp/o); [ $n -gt 3 ] && [ $n -lt 24 ]'
check "tcdrain takes the bytes' time" grep -E 'drain: (1[0-9][0-9]|[2-9][0-9]|1[0-9]{3})' /tmp/o
check "and they arrive" b expect 0123456789ABCDEFGHIJKLMN 5000
span() { # of the last run of data that END saw
    seen "$1" | sed -n 's/^\([0-9]*\) data .*until=\([0-9]*\).*/\1 \2/p' | tail -n 1 |
        { read -r from until && echo $(((until - from) / 1000)); }
}
us=$(span ttyNM1)
check "24 frames of 10 bits at 1200 baud: 23 of them between first and last ($us us)" \
    [ "$us" = 191666 -o "$us" = 191667 ]
a baud 9600 format 7E2
b baud 9600 format 7E2
a write 0123456789ABCDEFGHIJKLMN drain >/dev/null
us=$(span ttyNM1)
check "11 bits at 9600 baud ($us us)" [ "$us" = 26354 ]
b read 300 >/dev/null

a format 8N1
b format 8N1
forget ttyNM0 ttyNM1
a baud 1200 write old drain baud 9600 write new drain >/dev/null
check "drained, bytes keep the settings they were written under" \
    eval 'saw ttyNM1 "data 1200 8N1 n=3 framing=3 .*hex=6f6c64" && saw ttyNM1 "data 9600 8N1 n=3 framing=0 .*hex=6e6577"'
forget ttyNM1
a baud 1200 write oldold baud 9600 write new drain >/dev/null
check "not drained, they leave with the new ones, and one is garbled" \
    eval 'saw ttyNM1 "data 9600 8N1 .*hex=.*6e6577" && saw ttyNM1 "data .* framing=[1-9]"'
b read 200 >/dev/null

b baud 50
a baud 50 write 0123456789abcdefghij flush o # a byte takes 200 ms: a slow machine is in time
check "a flush takes back what is queued, not what is in the transmitter" \
    eval 'await 5 saw ttyNM0 "flush n=19" && b expect 0 5000 && b quiet 500'
modem fifo=16
a write 0123456789abcdefghij flush o
check "a FIFO keeps its own" eval 'b expect 0123456789abcdef 10000 && b quiet 500'
a baud 9600
b baud 9600
a baud 300 write 0123456789 outq drain >/tmp/o
check "and hides it from TIOCOUTQ" grep 'outq: 0' /tmp/o
check "but not from tcdrain" grep 'drain: [2-9][0-9][0-9]' /tmp/o
b read 300 >/dev/null
modem fifo=1
a baud 9600 crtscts 1
b mclear rts
a write 0123456789
check "CTS off stops the wire" eval 'b quiet 200 && says "outq: 9" a outq'
b mset rts
check "CTS on lets it go" b expect 0123456789 5000
a crtscts 0 baud 115200
b baud 115200
check "20000 bytes at 115200 baud" eval 'a writen 20000 & b pattern 20000 20000'
wait $!
a flow 0 writen 4096 flow 1
check "a full queue is written again as it empties" eval 'a writen 4096 && b pattern 4096 9000 && b pattern 4096 9000'
a baud 1200 writen 200
dismiss a
check "the last close waits until all is sent" eval 'saw_times 1 ttyNM0 close && b read 200 && not saw ttyNM1 "data .*lost=[1-9]"'
modem pace=0 strict=0

echo "# open and close"
agent a ttytool /dev/ttyNM0
check "open again: lines on" b line +cts,+dsr,+dcd 5000
a hupcl 1
dismiss a
check "the last close with HUPCL drops the lines" b line -cts,-dsr,-dcd 5000
agent a ttytool /dev/ttyNM0
a hupcl 0
dismiss a
check "without HUPCL it leaves them" b line +cts,+dsr,+dcd 1000
check "settings outlive the close" eval 'ttytool -k /dev/ttyNM0 settings | grep "1200 8N1"'

echo "# unplugged"
agent a ttytool /dev/ttyNM0
a baud 57600
echo "miwait 20000" >&$a_fd
sleep 0.2
modem unplug=0
check "TIOCMIWAIT ends" eval 'IFS= read -r l <&$((a_fd + 1)); echo "$l" | grep -i error; IFS= read -r l <&$((a_fd + 1)); [ "$l" = "= 1" ]'
check "its holder is hung up" a hup 1000
check "and told by an error" says 'Input/output error' a write x
check "the device is gone" [ ! -e /dev/ttyNM0 ]
check "lines drop" b line -cts,-dsr,-dcd 5000
check "not twice" not modem unplug=0 2>/dev/null
modem replug=0
check "it comes back" await 5 [ -c /dev/ttyNM0 ]
a close
check "with default settings" says ' 9600 8N1' ttytool -k /dev/ttyNM0 settings
check "bytes cross again" eval 'a open && a write again && b expect again 5000'
modem unplug=0 replug=0
check "opened while another holds the unplugged one" eval 'ttytool /dev/ttyNM0 write new && b expect new 5000'
dismiss a
modem unplug=0
dismiss b
check "rmmod with one end unplugged" no_nullmodem
nullmodem pairs=1 queue=64
check "one cable" eval '[ -c /dev/ttyNM1 ] && [ ! -e /dev/ttyNM2 ]'
check "rmmod and insmod again" eval 'no_nullmodem && nullmodem'
check "parameters are checked" not eval 'no_nullmodem && nullmodem queue=100 2>/dev/null'
check "nothing of it is left" [ ! -e /sys/kernel/debug/nullmodem -a ! -e /dev/ttyNM0 ]
finish
