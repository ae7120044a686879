#!/usr/bin/python3
"""minicom on a link: opens it, sets the speed, carries characters, leaves."""

import harness
from harness import equal, eventually


def main():
    minicom = harness.need('minicom')
    device, _, client = harness.bridge()
    terminal = harness.Terminal([minicom, '-o', '-b', '57600', '-D', client.link])
    terminal.shows(b'Welcome to minicom')
    eventually(lambda: device.settings().speed == 57600, 'speed', 5)
    device.write(b'login: ')
    terminal.shows(b'login: ')
    terminal.type(b'root\r')
    equal(device.read(5), b'root\r', 'what is typed')
    terminal.type(b'\x01x')
    terminal.shows(b'Leave Minicom')
    terminal.type(b'\r')
    equal(terminal.wait(), 0, "minicom's status")


harness.run(main)
