#!/usr/bin/python3
"""?poll_modem, a request of pyserial that is not in the RFC, is answered with the lines."""

import time

import clock
import harness
from harness import check, equal


def main():
    serial = harness.need_serial()
    server = harness.Com2net('loop:', '0')
    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}?poll_modem') as port:
        port.rts = port.dtr = True
        for _ in range(3):
            time.sleep(0.35)  # pyserial trusts a state for 0.3 s
            begin = clock.now()
            equal((port.cts, port.dsr, port.cd), (True, True, True), 'CTS, DSR, CD')
            check(clock.now() - begin < 1, 'the poll is answered, not timed out')


harness.run(main)
