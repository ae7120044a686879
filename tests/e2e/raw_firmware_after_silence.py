#!/usr/bin/python3
"""A raw client that was silent first and then sends data is not upgraded by FF FB 2C in it."""

import harness


def main():
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    sock = harness.connect(server.port)
    server.says('speaks raw')
    image = b'\x01' + b'\xff\xfb\x2c' + harness.ALL_BYTES
    sock.sendall(image)
    harness.same(device.read(len(image)), image, 'the image')
    # and in several segments: the three bytes begin one
    sock.sendall(b'\xff\xfb\x2c\xff\xfd\x2c')
    harness.same(device.read(6), b'\xff\xfb\x2c\xff\xfd\x2c', 'the bytes alone in a segment')
    device.write(b'\xff\x00')
    harness.same(harness.read_exactly(sock.fileno(), 2, 5, 'client'), b'\xff\x00', 'the answer')


harness.run(main)
