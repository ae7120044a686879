#!/usr/bin/python3
"""Without `hotplug` an unplugged device ends the session; a client that comes is told "absent"."""

import os

import harness
from harness import check, equal


def main():
    path = harness.temp('ttyUSB0')
    device = harness.Device()
    os.symlink(device.path, path)
    server = harness.Com2net(path, '0')
    first = harness.Peer(server.port).agreed()
    device.close()
    os.unlink(path)
    first.ended()

    second = harness.Peer(server.port)
    second.ended()
    texts = [payload for code, payload in second.messages if code == harness.SIGNATURE + 100]
    check(texts and b'absent' in texts[-1], f'a SIGNATURE says absent: {texts}')

    device = harness.Device()
    os.symlink(device.path, path)
    third = harness.Peer(server.port).agreed()
    third.send(b'again')
    equal(device.read(5), b'again', 'data when it is there again')


harness.run(main)
