#!/usr/bin/python3
"""An owner that does not read keeps nothing from those that read along; what it loses is said."""

import re
import threading

import harness
import usbip
from harness import equal, same


def main():
    observers_go_on()
    flow_control_holds_the_device()
    usb_devices_go_on()


def observers_go_on():
    device = harness.Device()
    server = harness.Com2net(f'{device.path},observers', '0')
    owner = harness.Peer(server.port).agreed()  # and stops to read
    observer = harness.Peer(server.port).agreed()
    data = harness.BULK * 16
    same(harness.carry(device, observer, data), data, 'data of the observer')
    server.says('too slow, and others read along')

    kept = owner_reads_on(owner, server)  # what was kept, in order, and then a gap
    device.write(b'the end')
    owner.until(lambda: bytes(owner.data).endswith(b'the end'), 'what comes after')
    kept = len(owner.data) - len(b'the end')
    same(bytes(owner.data)[:kept], data[:kept], 'what was kept for the owner')
    left_out = int(re.search(r'(\d+) bytes were left out', server.log()).group(1))
    equal(kept + left_out, len(data), 'bytes that were kept and left out')
    server.stop()


def owner_reads_on(owner, server):
    def look():
        owner.receive(0.01)
        return 'were left out for it' in server.log()
    harness.eventually(look, 'what was left out is told')


def flow_control_holds_the_device():
    """Nothing is lost where the device can be held."""
    device = harness.Device()
    server = harness.Com2net(f'{device.path},observers,xonxoff', '0')
    owner = harness.Peer(server.port).agreed()
    observer = harness.Peer(server.port).agreed()
    data = (harness.BULK * 16).translate(None, b'\x11\x13')  # XON and XOFF
    writer = threading.Thread(target=device.write, args=(data, 60), daemon=True)
    writer.start()
    observer.read(65536)
    same(owner.read(len(data), 60), data, 'data of an owner that was slow')
    writer.join(5)
    server.stop()


def usb_devices_go_on():
    """A client that fetches no answers holds up its own device only."""
    server = harness.Com2net('usb:demo-loop', 'usb:demo-loop', '0')
    stalled, other = usbip.Client(server.port), usbip.Client(server.port)
    stalled.import_device('250-1')
    other.import_device('250-2')
    for _ in range(64):
        stalled.submit(1, 0, b'x' * 32768)
        stalled.submit(1, 1, length=32768)
    for _ in range(200):
        equal(other.do(1, 0, b'y' * 512), (0, 512), 'bytes out')
        equal(other.do(1, 1, length=512), (0, b'y' * 512), 'bytes in')
    equal(len(usbip.Client(server.port).list()), 0, 'devices that are free')
    server.stop()


harness.run(main)
