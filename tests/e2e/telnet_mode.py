#!/usr/bin/python3
"""telnet(1) on a port with mode=telnet: characters both ways, Enter is one CR at the device."""

import harness
from harness import equal


def main():
    telnet = harness.need('telnet')
    device = harness.Device()
    server = harness.Com2net(f'{device.path},mode=telnet', '0')
    client = harness.Terminal([telnet, '127.0.0.1', server.port])
    client.shows(b'Escape character')
    device.write(b'login: ')
    client.shows(b'login: $')
    client.type(b'root\r')
    equal(device.read(5), b'root\r', 'what is typed')
    equal(device.quiet(), b'', 'what else comes to the device')
    device.write(b'\r\nwelcome \xff\xc3\xa9 home\r\n# ')
    client.shows(b'welcome \xff\xc3\xa9 home\r+\n# $')
    client.type(b'a')  # character mode: no Enter is needed
    equal(device.read(1), b'a', 'a single character')
    client.kill()


harness.run(main)
