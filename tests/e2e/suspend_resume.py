#!/usr/bin/python3
"""FLOWCONTROL-SUSPEND stops data to the client, RESUME lets all of it come; nothing is lost."""

import harness
from harness import RESUME, SUSPEND, equal


def main():
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    peer = harness.Peer(server.port).agreed()
    peer.settle()
    for _ in range(3):
        peer.say(SUSPEND)
        peer.say(SUSPEND)  # collapses: one RESUME ends all
        # the answer says that the commands before it have been taken; answers go out all the same
        equal(peer.ask_value(harness.BAUD, 0) > 0, True, 'speed while suspended')
        device.write(b'first ')
        peer.settle(0.3)
        device.write(b'second')
        peer.settle(0.3)
        equal(bytes(peer.data), b'', 'data while suspended')
        peer.say(RESUME)
        equal(peer.read(12), b'first second', 'data after the resume')
        peer.send(b'to the device')
        equal(device.read(13), b'to the device', 'data to the device')


harness.run(main)
