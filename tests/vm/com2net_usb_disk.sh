# com2net's built-in disk with Linux's own drivers on it: usb-storage, sd and a file system.
. /lib/guest.sh

modprobe vhci-hcd && modprobe usb-storage && modprobe sd_mod && modprobe ext4 ||
    skip "no vhci_hcd, no usb-storage or no ext4"

dd if=/dev/zero of=/tmp/image bs=1M count=0 seek=32 2>/dev/null
mkfs.ext2 -F /tmp/image >/dev/null 2>&1 || skip "no mkfs.ext2"
com2net usb:demo-disk:/tmp/image usb:demo-disk,file=/tmp/image,ro,name=safe 3240 \
    >/tmp/com2net.log 2>&1 &
check "com2net starts" await 20 grep -q 'busid 250-2' /tmp/com2net.log
check "attached" usbip attach -r 127.0.0.1 -b 250-1
check "the kernel has made a disk of it" await 30 [ -b /dev/sda ]
check "of the image's size" [ "$(cat /sys/block/sda/size)" = 65536 ]
check "it can be written" [ "$(cat /sys/block/sda/ro)" = 0 ]
mkdir -p /mnt
check "its file system is mounted" mount -t ext4 /dev/sda /mnt
dd if=/dev/urandom of=/tmp/data bs=65536 count=128 2>/dev/null
check "8 MiB are written" eval 'cp /tmp/data /mnt/data && mkdir /mnt/folder && cp /lib/guest.sh /mnt/folder/'
check "and synchronized" eval 'sync && umount /mnt'
sum=$(md5sum </tmp/data)
echo 3 >/proc/sys/vm/drop_caches
check "they are read back" eval 'mount -t ext4 /dev/sda /mnt && [ "$(md5sum </mnt/data)" = "$sum" ] &&
    cmp /mnt/folder/guest.sh /lib/guest.sh && umount /mnt'
check "reading all of it" cmp /dev/sda /tmp/image
check "nothing went wrong on the way" eval '! dmesg | grep -E "I/O error|reset high-speed"'
check "detached" eval 'usbip detach -p 0 && await 20 [ ! -b /dev/sda ]'
check "the read-only one" eval 'usbip attach -r 127.0.0.1 -b safe && await 30 grep -qs 1 /sys/block/sda/ro'
check "cannot be written" eval '! dd if=/tmp/data of=/dev/sda bs=4096 count=1 oflag=direct'
check "but read" eval 'mount -t ext4 -o ro,noload /dev/sda /mnt && [ "$(md5sum </mnt/data)" = "$sum" ]'
finish
