#!/usr/bin/python3
"""All formats, speeds and flow controls reach the port, are acknowledged, and move no line."""

import termios

import harness
import wine
from harness import equal

CMSPAR = 0o10000000000
SIZES = {5: termios.CS5, 6: termios.CS6, 7: termios.CS7, 8: termios.CS8}
PARITIES = {1: 0, 2: termios.PARENB | termios.PARODD, 3: termios.PARENB,
            4: termios.PARENB | termios.PARODD | CMSPAR, 5: termios.PARENB | CMSPAR}


def main():
    port = wine.Port(lines=True)
    server = wine.Exe('COM3', '0', lines=True)
    peer = harness.Peer(server.port).agreed()
    equal(peer.ask_value(harness.CONTROL, 9), 9, 'DTR off')  # one on, one off: both would be seen
    equal(port.outputs, 'RTS', 'lines')
    moves = port.get('moves')
    for baud in 300, 9600, 57600, 115200, 230400, 921600, 3000000:
        equal(peer.ask_value(harness.BAUD, baud), baud, f'{baud} acknowledged')
        equal(port.settings().speed, baud, f'{baud} in force')
    for size, size_flag in SIZES.items():
        equal(peer.ask_value(harness.SIZE, size), size, f'{size} bits acknowledged')
        for parity, parity_flags in PARITIES.items():
            equal(peer.ask_value(harness.PARITY, parity), parity, f'parity {parity} acknowledged')
            for stop in 2, 1:
                equal(peer.ask_value(harness.STOP, stop), stop, f'{stop} stop bits acknowledged')
                format = size_flag | parity_flags | (termios.CSTOPB if stop == 2 else 0)
                equal(port.get('format'), format, f'{size} {parity} {stop} in force')
    equal(peer.ask_value(harness.CONTROL, 2), 2, 'XON/XOFF acknowledged')
    equal(port.settings().xonxoff, True, 'XON/XOFF in force')
    equal(peer.ask_value(harness.CONTROL, 1), 1, 'no flow control acknowledged')
    equal(port.settings().xonxoff, False, 'no XON/XOFF in force')
    equal((port.get('moves') - moves, port.outputs), (0, 'RTS'), 'moves of DTR and RTS')
    equal(peer.ask_value(harness.CONTROL, 3), 3, 'RTS/CTS acknowledged')
    equal(bool(port.get('format') & termios.CRTSCTS), True, 'RTS/CTS in force')
    equal(peer.ask_value(harness.CONTROL, 1), 1, 'no flow control acknowledged')
    equal(bool(port.get('format') & termios.CRTSCTS), False, 'no RTS/CTS in force')
    equal(port.outputs, 'RTS', 'lines after flow control')
    # 5 data bits have one and a half stop bits, others have not
    equal(peer.ask_value(harness.SIZE, 5), 5, '5 bits acknowledged')
    equal(peer.ask_value(harness.STOP, 3), 3, '1.5 stop bits acknowledged')
    equal(peer.ask_value(harness.SIZE, 8), 8, '8 bits acknowledged')
    equal(peer.ask_value(harness.STOP, 1), 1, '1 stop bit acknowledged')
    # Wine knows no odd speeds: what is in force is what is answered
    equal(peer.ask_value(harness.BAUD, 31250), port.settings().speed, 'the speed in force')


harness.run(main)
