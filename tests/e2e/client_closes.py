#!/usr/bin/python3
"""What arrives while nobody has the link open is dropped; the next opener begins afresh."""

import os

import harness
from harness import equal, eventually


def main():
    device, _, client = harness.bridge()
    link = harness.open_link(client.link)
    harness.opened(client)
    device.write(b'first')
    equal(harness.read_exactly(link, 5, 5, 'link'), b'first', 'data while open')
    os.close(link)
    eventually(lambda: 'program: none' in client.status(), 'net2pty has noticed the close')
    data, before = b'nobody hears this' * 1000, client.received()
    device.write(data)
    eventually(lambda: client.received() >= before + len(data), 'it has come to net2pty')
    link = harness.open_link(client.link)
    harness.opened(client)
    device.write(b'second')
    equal(harness.read_some(link, 1), b'second', 'data after it is open again')


harness.run(main)
