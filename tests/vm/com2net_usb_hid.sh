# com2net's built-in mouse and keyboard, with Linux's own drivers on them: what is written into a
# FIFO becomes input events, and lights that the kernel switches are logged.
. /lib/guest.sh

modprobe vhci-hcd && modprobe usbhid && modprobe hid-generic && modprobe evdev ||
    skip "no vhci_hcd, no usbhid or no evdev"

mkfifo /tmp/mouse /tmp/keys
com2net usb:demo-mouse,events=/tmp/mouse usb:demo-keyboard,events=/tmp/keys \
    'usb:demo-keyboard,name=typist,play=wait 6000;type Hi!;key enter' 3240 >/tmp/com2net.log 2>&1 &
com2net_pid=$!
check "com2net starts" await 20 grep -q 'busid 250-3' /tmp/com2net.log

node() { inputtool find "com2net demo $1"; }
attach() { usbip attach -r 127.0.0.1 -b "$1" && await 20 node "$2"; }
# events FILE: the keys, without repeats, and movements, in one line
events() { grep -E '^(key|rel|events)' "$1" | grep -v '^key .* 2$' | tr '\n' ',' ; }
# saw_events FILE TEXT: that came, and nothing else, since the last time
saw_events() {
    await 10 eval "[ \"\$(events $1)\" = \"$2\" ]" >/dev/null || { events "$1"; return 1; }
    : >"$1"
}
# watch NODE FILE
watch() {
    inputtool read "$1" >>"$2" &
    await 10 grep -q ready "$2"
    : >"$2"
}

echo "# mouse"
check "the mouse attaches" attach 250-1 mouse
at=$(dirname "$(grep -l 0006 /sys/devices/platform/vhci_hcd.0/usb*/*-*/idProduct)")
check "usbhid has it" eval 'readlink "$at"/*:1.0/driver | grep -q usbhid'
check "it is read" watch "$(node mouse)" /tmp/mouse.events
echo "move 5 -3" >/tmp/mouse
check "a movement" saw_events /tmp/mouse.events "rel 0 5,rel 1 -3,"
echo "move 300 0" >/tmp/mouse
check "a long one, in steps" saw_events /tmp/mouse.events "rel 0 127,rel 0 127,rel 0 46,"
echo "click left" >/tmp/mouse
check "a click" saw_events /tmp/mouse.events "key 272 1,key 272 0,"
printf 'press right\nmove 1 1\nrelease right\nclick middle\n' >/tmp/mouse
check "a drag, and the third button" saw_events /tmp/mouse.events \
    "key 273 1,rel 0 1,rel 1 1,key 273 0,key 274 1,key 274 0,"
echo "wheel -2" >/tmp/mouse
check "the wheel" saw_events /tmp/mouse.events "rel 8 -2,rel 11 -240,"
echo "jump" >/tmp/mouse
check "what is wrong is said" await 10 grep -q 'mouse: "jump" is left out: a mouse has move' /tmp/com2net.log
want=
for i in $(seq 50); do
    echo "move $i 0" >/tmp/mouse
    want="${want}rel 0 $i,"
done
check "50 writers, one after the other" saw_events /tmp/mouse.events "$want"
ticks() { set -- $(cat /proc/$com2net_pid/stat); echo $((${14} + ${15})); }
before=$(ticks)
sleep 2
check "nobody writes, nothing is done" [ $(($(ticks) - before)) -lt 10 ]

echo "# keyboard"
check "the keyboard attaches" attach 250-2 keyboard
check "it is read" watch "$(node keyboard)" /tmp/keys.events
echo "type hello" >/tmp/keys
check "a word" saw_events /tmp/keys.events \
    "key 35 1,key 35 0,key 18 1,key 18 0,key 38 1,key 38 0,key 38 1,key 38 0,key 24 1,key 24 0,"
echo "type A;" >/tmp/keys
check "with shift" saw_events /tmp/keys.events "key 42 1,key 30 1,key 42 0,key 30 0,key 39 1,key 39 0,"
echo "press ctrl+c" >/tmp/keys
check "keys are held" saw_events /tmp/keys.events "key 29 1,key 46 1,"
echo "release all" >/tmp/keys
check "and released" saw_events /tmp/keys.events "key 29 0,key 46 0,"
printf 'key enter\nkey f5\nkey left\n' >/tmp/keys
check "keys with names" saw_events /tmp/keys.events \
    "key 28 1,key 28 0,key 63 1,key 63 0,key 105 1,key 105 0,"
inputtool led "$(node keyboard)" 1 1
check "the light of caps lock goes on" await 10 grep -q 'keyboard: lights:.* caps' /tmp/com2net.log
inputtool led "$(node keyboard)" 1 0
check "and off" await 10 eval 'tail -n 1 /tmp/com2net.log | grep "keyboard: lights:" | grep -qv caps'
echo "press a" >/tmp/keys
check "a key is held" saw_events /tmp/keys.events "key 30 1,"

port() { usbip port 2>/dev/null | sed -n 's/^Port 0*\([0-9][0-9]*\):.*/\1/p'; }
for i in $(port); do usbip detach -p $i >/dev/null 2>&1; done
check "detached, they are gone" await 20 eval '! node mouse && ! node keyboard'
check "which lets go of keys" await 10 grep -q "key 30 0" /tmp/keys.events
: >/tmp/keys.events
check "the keyboard attaches again" attach 250-2 keyboard
check "it is read" watch "$(node keyboard)" /tmp/keys.events
echo "type b" >/tmp/keys
check "the key is up there, too" saw_events /tmp/keys.events "key 48 1,key 48 0,"
for i in $(port); do usbip detach -p $i >/dev/null 2>&1; done
await 20 not node keyboard >/dev/null

echo "# play="
check "the typist attaches" attach typist keyboard
check "it is read" watch "$(node keyboard)" /tmp/typist.events
check "it plays" saw_events /tmp/typist.events \
    "key 42 1,key 35 1,key 42 0,key 35 0,key 23 1,key 23 0,key 42 1,key 2 1,key 42 0,key 2 0,key 28 1,key 28 0,"
finish
