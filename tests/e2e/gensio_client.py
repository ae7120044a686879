#!/usr/bin/python3
"""gensiot as RFC 2217 client of com2net: all byte values both ways."""

import subprocess

import harness
from harness import eventually


def main():
    gensiot = harness.need('gensiot')
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    client = subprocess.Popen([gensiot, '-i', 'stdio(self)',
                               f'telnet(rfc2217),tcp,127.0.0.1,{server.port}'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        heard = b''

        def carries():
            nonlocal heard
            device.write(b'?')
            heard += harness.read_some(client.stdout.fileno(), 0.2)
            return b'?' in heard
        eventually(carries, 'gensiot is connected', 10)
        harness.equal(heard.strip(b'?'), b'', 'what else gensiot printed')
        while harness.read_some(client.stdout.fileno(), 0.3):
            pass
        got = harness.pump(client.stdin.fileno(), harness.BULK, device.fd, len(harness.BULK))
        harness.same(got, harness.BULK, 'gensiot to device')
        got = harness.pump(device.fd, harness.BULK, client.stdout.fileno(), len(harness.BULK))
        harness.same(got, harness.BULK, 'device to gensiot')
    finally:
        client.kill()


harness.run(main)
