#!/usr/bin/python3
"""What the device sends while it is not yet known who is there is held, and comes complete."""

import time

import harness

GREETING = b'login: ' + harness.ALL_BYTES


def main():
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    sock = harness.connect(server.port)
    time.sleep(0.05)
    device.write(GREETING)
    harness.same(harness.read_exactly(sock.fileno(), len(GREETING), 5, 'raw client'), GREETING,
                 'to a raw client')
    sock.close()
    server.stop()

    server = harness.Com2net(device.path, '0')
    peer = harness.Peer(server.port, offers=None)
    time.sleep(0.05)
    device.write(GREETING)
    time.sleep(0.05)
    peer.send(harness.OFFERS)
    harness.same(peer.read(len(GREETING)), GREETING, 'to a 2217 client')
    peer.settle()
    harness.equal(bytes(peer.data), b'', 'what else came')


harness.run(main)
