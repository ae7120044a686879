#!/usr/bin/python3
"""tio on a link: opens it, sets speed and stop bits, carries characters, leaves."""

import harness
from harness import equal, eventually


def main():
    tio = harness.need('tio')
    device, _, client = harness.bridge('-v')
    terminal = harness.Terminal([tio, '-b', '57600', '-s', '2', client.link])
    terminal.shows(b'[Cc]onnected')
    client.says('< PURGE-DATA')  # it flushes, which may arrive behind its settings
    eventually(lambda: device.settings().speed == 57600, 'speed', 5)
    eventually(lambda: device.settings().two_stop_bits, 'two stop bits', 5)
    device.write(b'login: ')
    terminal.shows(b'login: $')
    terminal.type(b'root\r')
    equal(device.read(5), b'root\r', 'what is typed')
    terminal.type(b'\x14q')
    equal(terminal.wait(), 0, "tio's status")


harness.run(main)
