# com2net's built-in iCEstick, programmed by iceprog through Linux's own USB/IP client.
. /lib/guest.sh

modprobe vhci-hcd || skip "no vhci_hcd"

com2net usb:demo-icestick,file=/tmp/flash 3240 >/tmp/com2net.log 2>&1 &
com2net_pid=$!
check "com2net starts" await 20 grep -q 'busid 250-1' /tmp/com2net.log
check "attached" usbip attach -r 127.0.0.1 -b 250-1
check "the kernel knows it" await 20 eval 'grep -q FTUSB /sys/devices/platform/vhci_hcd.0/usb*/*-*/product'
check "iceprog -t reads the flash memory's id" eval 'iceprog -t >/tmp/t 2>&1 &&
    grep -q "flash ID: 0x20 0xBA 0x16" /tmp/t'
# an image: its preamble, and noise
{ printf '\377\0\0\377\176\252\231\176'; dd if=/dev/urandom bs=1 count=20000 2>/dev/null; } >/tmp/image
check "iceprog writes an image and verifies it" iceprog /tmp/image
check "the FPGA has loaded it" eval 'iceprog -t 2>&1 | tail -n 2 | grep -q "cdone: high"'
check "the file has it" eval 'head -c 20008 /tmp/flash | cmp - /tmp/image'
check "iceprog reads it back" eval 'iceprog -R 20008 /tmp/read && cmp /tmp/read /tmp/image'
printf 'other' | dd of=/tmp/image bs=1 seek=100 conv=notrunc 2>/dev/null
differs() { iceprog -c /tmp/image; [ $? = 3 ]; }
check "iceprog -c sees what differs" differs
check "iceprog -S loads the FPGA itself" eval 'iceprog -S /tmp/image 2>&1 | grep -q "cdone: high"'
check "an erase" eval 'iceprog -e 65536 && head -c 65536 /tmp/flash | tr -d "\377" | cmp - /dev/null'
check "after it the FPGA has no image" eval 'iceprog -t 2>&1 | tail -n 2 | grep -q "cdone: low"'
kill $com2net_pid
finish
