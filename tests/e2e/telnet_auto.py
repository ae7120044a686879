#!/usr/bin/python3
"""telnet(1) to another port than 23 waits for the server, so mode auto serves it as raw."""

import harness
from harness import equal


def main():
    telnet = harness.need('telnet')
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    client = harness.Terminal([telnet, '127.0.0.1', server.port])
    client.shows(b'Escape character')
    device.write(b'login: ')
    client.shows(b'login: $')
    client.type(b'root\r')
    got = device.read(6)
    equal(got, b'root\r\n', 'a line that is typed')
    equal(device.quiet(), b'', 'what else comes to the device')
    client.kill()


harness.run(main)
