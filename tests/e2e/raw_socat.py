#!/usr/bin/python3
"""socat on a port in mode auto: raw bytes, no Telnet, 0xFF as it is."""

import subprocess

import harness


def main():
    socat = harness.need('socat')
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    client = subprocess.Popen([socat, 'STDIO', f'TCP:127.0.0.1:{server.port}'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        harness.equal(harness.read_some(client.stdout.fileno(), 0.6), b'', 'what a silent client gets')
        got = harness.pump(client.stdin.fileno(), harness.BULK, device.fd, len(harness.BULK))
        harness.same(got, harness.BULK, 'socat to device')
        got = harness.pump(device.fd, harness.BULK, client.stdout.fileno(), len(harness.BULK))
        harness.same(got, harness.BULK, 'device to socat')
    finally:
        client.kill()


harness.run(main)
