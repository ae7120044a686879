#!/usr/bin/python3
"""A 32-bit program, started by a 64-bit one, has a serial port behind `--`."""

import harness
import places
from harness import check


def test(place):
    said = places.check_serial_program(place, 'serial32', harness.need('gcc'), '-m32', '-static')
    check('all is fine, with 32-bit addresses' in said, f'it says so: {said}')


places.run(test)
