#!/usr/bin/python3
"""Even parity on a plain link: net2pty says once that it cannot carry it, where it can be seen."""

import os
import termios

import harness
from harness import check, equal

TOLD = 'a program has parity checked'


def set_parity(link, cflag, iflag=termios.INPCK, speed=termios.B19200):
    """As libmodbus does."""
    fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
    modes = termios.tcgetattr(fd)
    modes[0] = modes[0] & ~termios.INPCK | iflag
    modes[2] = modes[2] & ~(termios.PARENB | termios.PARODD) | cflag
    modes[4] = modes[5] = speed  # glibc of Debian: something has to change
    termios.tcsetattr(fd, termios.TCSANOW, modes)
    return fd


def main():
    device, _, client = harness.bridge()

    def seen(speed, parity):
        """What is to be told of settings is told before they reach the device."""
        harness.eventually(lambda: device.settings().speed == speed, f'{parity} is seen', 60)
    for cflag, iflag, speed, baud, parity in (
            (0, 0, termios.B19200, 19200, 'N'),
            (termios.PARENB | termios.PARODD, termios.INPCK, termios.B38400, 38400, 'O')):
        fd = set_parity(client.link, cflag, iflag, speed)
        seen(baud, parity)
        check(TOLD not in client.log(), f'{parity} is carried')
        os.close(fd)

    fd = set_parity(client.link, termios.PARENB)
    client.says(TOLD)
    check(f'net2pty exec {client.link} -- COMMAND' in client.log(), 'it says what to do')
    os.close(fd)
    os.close(set_parity(client.link, 0, 0))
    fd = set_parity(client.link, termios.PARENB, speed=termios.B57600)
    seen(57600, 'E')
    equal(client.log().count(TOLD), 1, 'it is said once')
    os.close(fd)


harness.run(main)
