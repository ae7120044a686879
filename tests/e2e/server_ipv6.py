#!/usr/bin/python3
"""com2net listens on [::1]:0, and both pyserial's way of saying it and ours reach it."""

import os

import harness
from harness import check, equal


def main():
    harness.need_machine('ipv6')
    server = harness.Com2net('loop:', '[::1]:0')
    check(f'[::1]:{server.port}' in server.log(), 'the address is printed so that it can be copied')
    peer = harness.Peer(server.port, host='::1').agreed()
    peer.send(b'six')
    equal(peer.read(3), b'six', 'data')
    peer.close()
    server.says('disconnected')
    client = harness.Net2pty(harness.temp('tty'), f'[::1]:{server.port}')
    link = harness.open_link(client.link)
    os.write(link, b'six')
    equal(harness.read_exactly(link, 3, 5, 'link'), b'six', 'data of the link')


harness.run(main)
