#!/usr/bin/python3
"""An unplug is noticed by writing too, where a suspension keeps the device from being read."""

import os

import harness
from harness import equal


def main():
    path = harness.temp('ttyUSB0')
    device = harness.Device()
    os.symlink(device.path, path)
    server = harness.Com2net(path + ',hotplug', '0')
    peer = harness.Peer(server.port).agreed()
    peer.say(harness.SUSPEND)
    equal(peer.ask_value(harness.SIZE, 0), 8, 'data bits')  # so SUSPEND has been taken
    device.close()
    os.unlink(path)
    peer.send(b'kept')
    server.says('the device has gone', 3)

    device = harness.Device()
    os.symlink(device.path, path)
    server.says('back', 3)
    equal(device.read(4), b'kept', 'what was sent meanwhile')


harness.run(main)
