#!/usr/bin/python3
"""pyserial's rfc2217:// client gets every setting it asks of com2net, and insists on the echo."""

import itertools

import harness
from harness import check, equal


def main():
    serial = harness.need_serial()
    server = harness.Com2net('loop:', '0')
    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}?timeout=60', timeout=60) as port:
        for baud in 50, 300, 9600, 31250, 74880, 115200, 250000, 1500000, 12345678, 255, 0xFFFF:
            port.baudrate = baud
        port.baudrate = 19200
        for size, parity, stop in itertools.product(
                (5, 6, 7, 8), 'NEOMS', (serial.STOPBITS_ONE, serial.STOPBITS_ONE_POINT_FIVE,
                                        serial.STOPBITS_TWO)):
            port.bytesize, port.parity, port.stopbits = size, parity, stop
        for flow in 'xonxoff', 'rtscts':
            setattr(port, flow, True)
            setattr(port, flow, False)
        port.dsrdtr = True
        port.dsrdtr = False
        port.bytesize, port.parity, port.stopbits = 8, 'N', 1
        port.write(b'still there')
        equal(port.read(11), b'still there', 'data after the settings')
    # one that sets everything in its open
    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}?timeout=60', baudrate=4800, bytesize=7,
                               parity='E', stopbits=2, rtscts=True, timeout=60) as port:
        check(port.is_open, 'opens with settings')
        # a second look by a query, by hand: the values are in force, not only echoed
    peer = harness.Peer(server.port).agreed()
    peer.ask_value(harness.BAUD, 57600)
    peer.ask_value(harness.PARITY, 3)
    equal(peer.ask_value(harness.BAUD, 0), 57600, 'baud queried')
    equal(peer.ask_value(harness.PARITY, 0), 3, 'parity queried')


harness.run(main)
