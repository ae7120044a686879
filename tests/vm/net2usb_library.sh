# net2usb's libusb-1.0 against the kernel's own servers: usbip-host with a gadget on dummy_hcd, which
# is not configured when it is imported, and usbip-vudc, a gadget that is exported itself.
. /lib/guest.sh

modprobe vhci-hcd && modprobe usbip-host && modprobe dummy_hcd && modprobe libcomposite &&
    modprobe usb_f_ss_lb || skip "no vhci_hcd, usbip-host, dummy_hcd or gadgets"
mount -t configfs configfs /sys/kernel/config || skip "no configfs"
at=/sys/kernel/config/usb_gadget/zero
mkdir $at && echo 0x0525 >$at/idVendor && echo 0xa4a0 >$at/idProduct
mkdir $at/strings/0x409 && echo zero >$at/strings/0x409/product
mkdir $at/configs/c.1 $at/functions/SourceSink.0
ln -s $at/functions/SourceSink.0 $at/configs/c.1
where() { grep -l 0525 /sys/devices/platform/dummy_hcd*/usb*/*-*/idVendor 2>/dev/null | grep .; }
export NET2USB_SERVER=127.0.0.1:3240 LD_LIBRARY_PATH=/usr/lib/net2usb
# used: the tool's checks, counted as ours
used() {
    timeout 60 usbtool 0525 a4a0 >/tmp/usbtool.log 2>&1
    local status=$?
    sed 's/^/    /' /tmp/usbtool.log
    return $status
}
imports() { grep -c 'request 0x8003(.*: complete' /tmp/usbipd.log; }
# once N: of the N imports by now one is the tool's, which has closed the device and opened it again
once() {
    grep '^late' /tmp/usbtool.log && return
    [ "$(imports)" = "$1" ] && return
    echo "it has been imported $(imports) times by now, not $1"
    cat /tmp/usbipd.log
    return 1
}

echo "# usbip-host"
ls /sys/class/udc | grep dummy | head -1 >$at/UDC
busid=$(basename "$(dirname "$(await 20 where)")")
usbip bind -b "$busid" >/dev/null 2>&1 || give_up "usbip cannot bind $busid"
usbipd -4 >/tmp/usbipd.log 2>&1 &
usbipd_pid=$!
await 20 listening 3240 || give_up "usbipd does not start: $(cat /tmp/usbipd.log)"
check "it is used" used
check "its server has imported it once for that: it was not reset in between" once 1
check "and again, by another process" used
check "once for that, too" once 2
kill $usbipd_pid
usbip unbind -b "$busid" >/dev/null 2>&1
echo >$at/UDC

echo "# usbip-vudc"
modprobe usbip-vudc || skip "no usbip-vudc"
echo usbip-vudc.0 >$at/UDC
usbipd -4 -e >/tmp/usbipd.log 2>&1 &
usbipd_pid=$!
await 20 listening 3240 || give_up "usbipd does not start: $(cat /tmp/usbipd.log)"
check "it is used" used
check "its server has imported it once for that: it was not reset in between" once 1
check "and again, by another process" used
check "once for that, too" once 2
kill $usbipd_pid
finish
