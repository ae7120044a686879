#!/usr/bin/python3
"""What the device sends while a client and com2net still negotiate is held, and comes complete."""

import harness

GREETING = b'login: ' + harness.ALL_BYTES
SUPPRESS_GO_AHEAD = bytes([255, 251, 3, 255, 253, 3]) # Telnet, and not yet more


def main():
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    peer = harness.Peer(server.port, offers=None)
    peer.send(SUPPRESS_GO_AHEAD)
    server.says(': open, ')
    device.write(GREETING)
    peer.send(harness.OFFERS)
    server.says('speaks RFC 2217')
    harness.same(peer.read(len(GREETING)), GREETING, 'to a 2217 client')
    peer.settle()
    harness.equal(bytes(peer.data), b'', 'what else came')


harness.run(main)
