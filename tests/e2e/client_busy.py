#!/usr/bin/python3
"""A busy com2net: net2pty says so in words, and gets the port when the other client leaves."""

import os

import harness
from harness import equal


def main():
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    other = harness.Peer(server.port).agreed()
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    client.says('in use by another client')
    link = harness.open_link(client.link)
    device.write(b'for the other')
    equal(other.read(13), b'for the other', 'data of the other')
    equal(harness.read_some(link, 0.5), b'', 'data on the link')
    other.close()
    client.says(': connected to', 30)
    os.write(link, b'mine')
    equal(device.read(4), b'mine', 'data to the device')

    third = harness.Net2pty(harness.temp('third'), f'127.0.0.1:{server.port}')  # its session is kept
    third.says('in use by another client')
    equal(': connected to' in third.log(), False, 'a port in use, taken for its own')


harness.run(main)
