#!/usr/bin/python3
"""Modem lines can be read right after pyserial's open: a notification came without being asked."""

import harness
from harness import check


def main():
    serial = harness.need_serial()
    server = harness.Com2net('loop:', '0')
    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}') as port:
        check(not port.ri, 'RI is off')  # raises when no notification ever came
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}') as port:
        check(not port.ri, 'RI of a PTY is off')


harness.run(main)
