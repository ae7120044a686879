#!/usr/bin/python3
"""com2net listens on [::1]:0, and both pyserial's way of saying it and ours reach it. At *:0 it is
reached over IPv4 and IPv6, and nobody else gets the port."""

import os
import subprocess

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

    everybody()


def everybody():
    server = harness.Com2net('loop:', '*:0')
    check(f'listening on *:{server.port}' in server.log(), 'the address is as it was typed')
    for host in ('127.0.0.1', '::1'):
        peer = harness.Peer(server.port, host=host).agreed()
        peer.send(b'six')
        equal(peer.read(3), b'six', f'data over {host}')
        peer.close()
        server.says('disconnected')
    for address in (f'127.0.0.1:{server.port}', f'*:{server.port}'):
        second = subprocess.run([harness.under_test('com2net', 'server'), 'loop:', address], timeout=120,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        said = second.stdout
        equal(second.returncode, 1, f'a second one: {said}')
        check(f'cannot listen on {address}' in said and 'choose another port' in said, said)


harness.run(main)
