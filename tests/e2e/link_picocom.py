#!/usr/bin/python3
"""picocom on a link: opens it, sets the speed, carries characters, leaves."""

import harness
from harness import equal, eventually


def main():
    picocom = harness.need('picocom')
    device, _, client = harness.bridge('-v')
    terminal = harness.Terminal([picocom, '-b', '57600', '--noreset', client.link])
    terminal.shows(b'Terminal ready')
    client.says('< PURGE-DATA')  # it flushes, which may arrive behind its settings
    eventually(lambda: device.settings().speed == 57600, 'speed', 5)
    device.write(b'login: ')
    terminal.shows(b'login: $')
    terminal.type(b'root\r')
    equal(device.read(5), b'root\r', 'what is typed')
    terminal.type(b'\x01\x15')  # C-a C-u: speed up
    eventually(lambda: device.settings().speed == 115200, 'speed after C-a C-u', 5)
    terminal.type(b'\x01\x18')
    equal(terminal.wait(), 0, "picocom's status")


harness.run(main)
