#!/usr/bin/python3
"""budget= is the device's that it stands at, also where several share a port."""

import harness
import usbip
from harness import equal
from usbip import OUT

ENOMEM = -12


def main():
    server = harness.Com2net('usb:demo-loop,budget=3', 'usb:demo-loop,budget=1', 'usb:demo-loop,budget=5', '0',
                             ports=3)
    for busid, mib in ('250-1', 3), ('250-2', 1), ('250-3', 5):
        client = usbip.Client(server.port)
        client.import_device(busid)
        client.control(0, 9, 1, 0)
        for larger in False, True:
            size = mib * (1 << 20) + (1 if larger else -4096)
            wanted = (ENOMEM, 0) if larger else (0, size)
            equal(client.do(4, OUT, bytes(size)), wanted, f'{size} bytes, and a budget of {mib} MiB')
        client.close()


harness.run(main)
