#!/usr/bin/python3
"""Static programs run in a root file system in which nothing else is: no /dev, /proc, /sys and /etc."""

import root
import harness
from harness import check


def main():
    there = root.Root()
    _, serial = there.serve('loop:', '0')
    _, usb = there.serve('usb:demo-icestick', '0')
    said = there.run('/bin/net2usb', 'list', f'127.0.0.1:{usb}')
    check('0403:6010' in said, f'net2usb lists: {said}')
    said = there.run('/bin/com2net', '--list')
    check('No serial ports found.' in said and 'No USB devices found.' in said, f'com2net lists: {said}')
    waits = there.start('/bin/com2net', 'usb:1234:5678,hotplug', '0')
    waits.says('1234:5678: not there yet')
    waits.says('listening on')
    said = there.run('/bin/net2pty', '/dev/tty5', f'127.0.0.1:{serial}', status=1)
    check('/dev/tty5' in said, f'net2pty says what it lacks: {said}')
    check(waits.running(), 'what waits for a device goes on')


root.enter()
harness.run(main)
