#!/usr/bin/python3
"""net2pty through ser2net: all byte values both ways, 256 KiB each."""

import os

import harness


def main():
    device = harness.Device()
    server = harness.ser2net(device.path, options='  options:\n    chardelay: false\n')
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    link = harness.open_link(client.link)
    harness.eventually(lambda: carries(link, device), 'ser2net carries a byte')
    got = harness.pump(link, harness.BULK, device.fd, len(harness.BULK))
    harness.same(got, harness.BULK, 'link to device')
    got = harness.pump(device.fd, harness.BULK, link, len(harness.BULK))
    harness.same(got, harness.BULK, 'device to link')
    harness.equal(harness.read_some(link, 0.3), b'', 'left over at the link')
    harness.equal(device.quiet(), b'', 'left over at the device')


def carries(link, device):
    """ser2net opens its device when a client is there; what comes earlier is lost there."""
    os.write(link, b'x')
    return harness.read_some(device.fd, 0.3)[-1:] == b'x' and not harness.read_some(device.fd, 0.3)


harness.run(main)
