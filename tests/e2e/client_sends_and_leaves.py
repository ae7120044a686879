#!/usr/bin/python3
"""What a client sent before it closed the connection reaches a slow device, to the last byte."""

import os

import harness
from harness import check


def receive_slowly(device, count):
    """Reads as a UART would: a little at a time, never more than a kilobyte in 2 ms."""
    got = b''
    while len(got) < count:
        check(harness.select.select([device.fd], [], [], 3)[0], f'more than {len(got)} of {count} bytes')
        got += os.read(device.fd, 1024)
        harness.time.sleep(0.002)
    return got


def who_never_hears_is_done_too():
    """Its end is a reset, as answers are unread; what com2net would answer then has nowhere to go."""
    data = harness.BULK[:3000]
    for _ in range(20):
        device = harness.Device()
        server = harness.Com2net(device.path, '0')
        sock = harness.connect(server.port)
        sock.sendall(harness.OFFERS)
        harness.check(harness.select.select([sock], [], [], harness.PATIENCE)[0], 'offers of com2net')
        sock.sendall(harness.subnegotiation(harness.BAUD, harness.u32(57600)) + harness.escaped(data))
        sock.close()
        harness.same(receive_slowly(device, len(data)), data, 'bytes of one who never hears')
        server.stop()
        device.close()


def some_at_once_are_all_done():
    """As of `printf x | nc -N` several times in a script: each has left before the next one comes."""
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    for _ in range(20):
        texts = [b'<client %d>' % i for i in range(6)]
        for text in texts:
            with harness.connect(server.port) as sock:
                sock.sendall(text)
        got = device.read(sum(map(len, texts)))
        check(all(text in got for text in texts), f'bytes of those that came at once: {got}')
    server.stop()


def main():
    for size in 100, 3000, 20000, len(harness.BULK):
        data = harness.BULK[:size]
        for offers in None, harness.OFFERS:
            device = harness.Device()
            server = harness.Com2net(device.path, '0')
            if offers:
                peer = harness.Peer(server.port, offers).agreed()
                peer.settle(0.1)
                peer.send(harness.escaped(data))
                peer.close()
            else:
                sock = harness.connect(server.port)
                sock.sendall(data)
                sock.close()
            harness.time.sleep(0.2)
            harness.same(receive_slowly(device, size), data,
                         f'{size} bytes of a {"2217" if offers else "raw"} client')
            server.stop()
    who_never_hears_is_done_too()
    some_at_once_are_all_done()


harness.run(main)
