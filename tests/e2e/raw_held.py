#!/usr/bin/python3
"""What the device sends while it is not yet known who is there is held, and comes complete."""

import harness

GREETING = b'login: ' + harness.ALL_BYTES


def main():
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    sock = harness.connect(server.port)
    server.says(': open, ')
    device.write(GREETING)
    harness.same(harness.read_exactly(sock.fileno(), len(GREETING), 5, 'raw client'), GREETING,
                 'to a raw client')
    sock.close()
    server.stop()

    peer = telnet_in_time(device)
    harness.same(peer.read(len(GREETING)), GREETING, 'to a 2217 client')
    peer.settle()
    harness.equal(bytes(peer.data), b'', 'what else came')


def telnet_in_time(device):
    """A 2217 client that has spoken behind the greeting, and before its silence made it a raw one."""
    for _ in range(10):
        server = harness.Com2net(device.path, '0')
        peer = harness.Peer(server.port, offers=None)
        server.says(': open, ')
        device.write(GREETING)
        peer.send(harness.OFFERS)
        if 'RFC 2217' in server.says(': speaks .*').group():
            return peer
        peer.close()
        server.stop()
    raise harness.Failed('this machine is too slow: a client is raw before it can speak')


harness.run(main)
