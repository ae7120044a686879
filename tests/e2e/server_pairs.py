#!/usr/bin/python3
"""Several sources in one com2net, several links in one net2pty: each its own, all at once."""

import os

import harness
from harness import equal


def main():
    devices = [harness.Device() for _ in range(8)]
    words = [word for device in devices for word in (device.path, '0')]
    server = harness.Com2net(*words)
    links = [harness.temp(f'tty{i}') for i in range(8)]
    words = [word for link, port in zip(links, server.ports) for word in (link, f'127.0.0.1:{port}')]
    harness.Net2pty(*words)
    for link in links:
        harness.eventually(lambda: os.path.exists(link), f'{link} appears')
    ends = [harness.open_link(link) for link in links]
    for round in range(3):
        for i, end in enumerate(ends):
            os.write(end, b'to %d.%d' % (i, round))
            devices[i].write(b'from %d.%d' % (i, round))
    for i, end in enumerate(ends):
        equal(devices[i].read(18), b''.join(b'to %d.%d' % (i, r) for r in range(3)), f'device {i}')
        wanted = b''.join(b'from %d.%d' % (i, r) for r in range(3))
        equal(harness.read_exactly(end, len(wanted), 5, f'link {i}'), wanted, f'link {i}')
    harness.Com2net('--', 'loop:', '0')  # ends the options, and is no SOURCE


harness.run(main)
