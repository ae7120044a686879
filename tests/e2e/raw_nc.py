#!/usr/bin/python3
"""nc that speaks first is raw at once, firmware with FF FB 2C in it goes through untouched."""

import subprocess

import harness

FIRMWARE = (b'\x7fELF' + harness.ALL_BYTES + b'\xff\xfb\x2c' + b'\xff' * 40 + b'\xff\xfd\x2c' +
            b'\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0' + b'\r\n\r\0\r\r' + harness.ALL_BYTES)


def main():
    nc = harness.need('nc')
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    client = subprocess.Popen([nc, '127.0.0.1', str(server.port)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        client.stdin.write(FIRMWARE)
        client.stdin.flush()
        harness.same(device.read(len(FIRMWARE)), FIRMWARE, 'firmware at the device')
        harness.equal(device.quiet(), b'', 'what else came to the device')
        harness.check(device.settings().speed != 115200, 'nothing in it was taken for a command')
        device.write(FIRMWARE)
        got = harness.read_exactly(client.stdout.fileno(), len(FIRMWARE), 5, 'nc')
        harness.same(got, FIRMWARE, 'firmware back')
        harness.equal(harness.read_some(client.stdout.fileno(), 0.3), b'', 'what else nc got')
    finally:
        client.kill()


harness.run(main)
