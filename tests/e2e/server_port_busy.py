#!/usr/bin/python3
"""A serial port that another program has is an error which names port and program; a file that is no
port is told apart."""

import harness
from harness import check


def main():
    com2net = harness.under_test('com2net', 'server')
    device = harness.Device()
    first = harness.Com2net(device.path + ',hold', '0')
    said = harness.fails([com2net, device.path + ',hold', '0'])
    check(device.path in said and 'busy' in said, f'the port is named: {said}')
    check(f'com2net (pid {first.pid}) has it open' in said, f'who has it open is named: {said}')

    def says_where():
        said = harness.fails([com2net, device.path + ',hold', '0'])
        return f'com2net (pid {first.pid}) publishes it, too, on 127.0.0.1:{first.port}' in said
    harness.eventually(says_where, 'the address is named where clients can connect')
    check(first.running(), 'the first one goes on')
    said = harness.fails([com2net, '/etc/passwd', '0'])
    check('not a serial port' in said, f'a file is no port: {said}')


harness.run(main)
