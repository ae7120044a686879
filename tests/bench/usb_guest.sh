# In the guest of tests/bench/usb_guest: the kernel's server and ours have one device in turn.
modprobe xhci_pci && modprobe usbip-host || { echo "skip: no usbip-host or xhci"; exit 77; }
modprobe ftdi_sio 2>/dev/null

# await SECONDS COMMAND...
await() {
    local deadline=$(($(cut -d. -f1 /proc/uptime) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(cut -d. -f1 /proc/uptime)" -le "$deadline" ] || { echo "not so in time: $*"; exit 1; }
        sleep 0.05
    done
}
listening() { grep -q ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp; }
devices=/sys/bus/usb/devices
device() { grep -l 0403 $devices/*-*/idVendor; }

await 20 device
busid=$(basename "$(dirname "$(device)")")
usbipd --tcp-port 3241 -4 >/tmp/usbipd.log 2>&1 &
com2net usb:$busid 3240 >/tmp/com2net.log 2>&1 &

await 20 listening 3240
await 20 listening 3241
uname -r | sed 's/^/kernel /'

for round in $(seq "$1"); do
    usbip bind -b $busid >/dev/null 2>&1 || { echo "usbip-host does not bind $busid"; exit 1; }
    await 10 eval '[ "$(cat $devices/$busid/usbip_status)" = 1 ]'
    usb_guest 3241 $busid 2 | sed 's/^/theirs /'
    await 10 eval '[ "$(cat $devices/$busid/usbip_status)" = 1 ]'
    usbip unbind -b $busid >/dev/null 2>&1
    await 10 eval '[ -e $devices/$busid:1.0 ]'
    usb_guest bare
    usb_guest 3240 $busid 2 | sed 's/^/ours /'
    await 10 eval 'grep -q "free again" /tmp/com2net.log && : >/tmp/com2net.log'
done
echo end
