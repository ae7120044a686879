#!/usr/bin/python3
"""DTR, RTS, break and purge of pyserial's rfc2217:// client, seen through the loop device."""

import harness
from harness import equal, eventually


def lines(port):
    return port.cts, port.dsr, port.cd, port.ri


def main():
    serial = harness.need_serial()
    server = harness.Com2net('loop:', '0')
    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}?timeout=60', timeout=60) as port:
        for rts, dtr in (True, True), (False, True), (False, False), (True, False), (True, True):
            port.rts, port.dtr = rts, dtr
            eventually(lambda: lines(port) == (rts, dtr, dtr, False),
                       f'RTS {rts}, DTR {dtr} read back as CTS, DSR, CD, RI: {lines(port)}')
        port.send_break(0.05)
        port.break_condition = True
        port.break_condition = False
        port.reset_input_buffer()
        port.write(b'after the break')
        equal(port.read(15), b'after the break', 'data after the break')
        port.reset_output_buffer()
        port.reset_input_buffer()
        port.write(b'after the purge')
        equal(port.read(15), b'after the purge', 'data after the purge')


harness.run(main)
