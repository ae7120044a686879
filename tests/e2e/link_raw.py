#!/usr/bin/python3
"""net2pty --raw with a server of raw bytes, socat: all byte values both ways, untouched."""

import os

import harness


def main():
    socat = harness.need('socat')
    device = harness.Device()
    port = harness.free_port()
    harness.Program([socat, f'TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr', f'{device.path},rawer'])
    harness.eventually(lambda: harness.listens(port), 'socat listens')
    client = harness.Net2pty('--raw', harness.temp('tty'), f'127.0.0.1:{port}')
    link = harness.open_link(client.link)
    os.write(link, b'x')
    harness.equal(device.read(1), b'x', 'the first byte')
    got = harness.pump(link, harness.BULK, device.fd, len(harness.BULK))
    harness.same(got, harness.BULK, 'link to device')
    got = harness.pump(device.fd, harness.BULK, link, len(harness.BULK))
    harness.same(got, harness.BULK, 'device to link')


harness.run(main)
