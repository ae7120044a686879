#!/usr/bin/python3
"""With `hotplug` a session outlives an unplug, and the device gets its settings when it is back."""

import os

import harness
from harness import equal, eventually


def main():
    path = harness.temp('ttyUSB0')
    server = harness.Com2net(f'{path},hotplug', '0')  # not there yet
    peer = harness.Peer(server.port).agreed()
    for speed in 57600, 19200:
        device = harness.Device()
        os.symlink(device.path, path)
        eventually(lambda: os.path.islink(path) and server.running(), 'com2net lives')
        equal(peer.ask_value(harness.BAUD, speed), speed, 'speed')
        eventually(lambda: device.settings().speed == speed, 'speed at the device', 5)
        peer.send(b'out')
        equal(device.read(3), b'out', 'data to the device')
        device.write(b'in')
        equal(peer.read(2), b'in', 'data of the device')
        device.close()
        os.unlink(path)
        harness.time.sleep(0.3)
    equal(peer.ask_value(harness.BAUD, 31250), 31250, 'speed while it is away')
    device = harness.Device()
    os.symlink(device.path, path)
    eventually(lambda: device.settings().speed == 31250, 'speed when it is back', 5)


harness.run(main)
