#!/usr/bin/python3
"""Even parity on a plain link: net2pty says once that it cannot carry it, where it can be seen."""

import os
import termios

import clock
import harness
from harness import check, equal

TOLD = 'a program has parity checked'


def set_parity(link, cflag, iflag=termios.INPCK):
    """As libmodbus does."""
    fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
    modes = termios.tcgetattr(fd)
    modes[0] = modes[0] & ~termios.INPCK | iflag
    modes[2] = modes[2] & ~(termios.PARENB | termios.PARODD) | cflag
    modes[4] = modes[5] = termios.B19200  # glibc of Debian: something has to change
    termios.tcsetattr(fd, termios.TCSANOW, modes)
    return fd


def main():
    device, _, client = harness.bridge()
    for cflag, iflag, parity in ((0, 0, 'N'), (termios.PARENB | termios.PARODD, termios.INPCK, 'O')):
        fd = set_parity(client.link, cflag, iflag)
        harness.eventually(lambda: device.settings().speed == 19200, f'{parity} is seen', 60)
        clock.sleep(0.1)
        check(TOLD not in client.log(), f'{parity} is carried')
        os.close(fd)

    fd = set_parity(client.link, termios.PARENB)
    client.says(TOLD)
    check(f'net2pty exec {client.link} -- COMMAND' in client.log(), 'it says what to do')
    os.close(fd)
    os.close(set_parity(client.link, 0, 0))
    fd = set_parity(client.link, termios.PARENB)
    clock.sleep(0.2)
    equal(client.log().count(TOLD), 1, 'it is said once')
    os.close(fd)


harness.run(main)
