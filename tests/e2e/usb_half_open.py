#!/usr/bin/python3
"""A USB/IP client whose network is gone, without a word, while it waits for the device or the device
for it, does not keep the device for ever; for the grace time that it has asked for nobody else gets it."""

import faraway
import harness
import usbip
from harness import equal, eventually

BUSY = 2
LIMIT = 40  # seconds; keepalive and retransmissions are given up after 15

WAITS = """
import struct, usbip, time
c = usbip.Client(port, host=HOST)
c.send(struct.pack('>HHI32sI16s', usbip.VERSION, 0x8c03, 0, b'250-1', 5000, b'x' * 16))
c.receive(8)
record = c.record()
c.devid = record['busnum'] << 16 | record['devnum']
c.receive(8)
c.submit(1, usbip.IN, length=64)
print('in', flush=True)
time.sleep(1000)
"""
READS_NOT = """
import usbip, time
c = usbip.Client(port, host=HOST)
c.import_device('250-1')
print('in', flush=True)
for i in range(100):
    c.submit(4, usbip.IN, length=1 << 20)
print('asked', flush=True)
time.sleep(1000)
"""


def main():
    for code, said in (WAITS, ['in']), (READS_NOT, ['in', 'asked']):
        server = harness.Com2net('usb:demo-loop', '0.0.0.0:0', ports=1)
        with faraway.client(code, server.port) as far:
            equal([far.says() for _ in said], said, 'the client')
            equal(usbip.Client(server.port).list(), [], 'it has the device')
            far.pull_cable()
            if code == WAITS:
                server.says('kept for it for a while', LIMIT)
                equal(usbip.Client(server.port).import_device('250-1'), BUSY, 'it may come back')
            eventually(lambda: usbip.Client(server.port).list(), 'the device is free again', LIMIT,
                       every=1)


harness.run(main)
