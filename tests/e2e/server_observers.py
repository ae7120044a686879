#!/usr/bin/python3
"""With `observers` further clients read what the device sends, and can do nothing to it."""

import harness
from harness import equal


def main():
    device = harness.Device()
    server = harness.Com2net(f'{device.path},observers', '0')
    owner = harness.Peer(server.port).agreed()
    equal(owner.ask_value(harness.BAUD, 57600), 57600, 'speed of the owner')
    observer = harness.Peer(server.port).agreed()
    raw = harness.connect(server.port)
    server.says('speaks raw')

    device.write(b'to all \xff')
    equal(owner.read(8), b'to all \xff', 'data of the owner')
    equal(observer.read(8), b'to all \xff', 'data of the observer')
    equal(harness.read_exactly(raw.fileno(), 8, 5, 'raw observer'), b'to all \xff', 'data of a raw one')

    observer.send(b'let me')
    raw.sendall(b'me too')
    equal(observer.ask_value(harness.BAUD, 9600), 57600, 'speed that an observer sets')
    equal(device.quiet(), b'', 'data of observers at the device')
    equal(device.settings().speed, 57600, 'speed at the device')

    owner.send(b'only me')
    equal(device.read(7), b'only me', 'data of the owner at the device')
    observer.close()
    device.write(b'still')
    equal(owner.read(5), b'still', 'data after an observer has left')


harness.run(main)
