#!/usr/bin/python3
"""A 32-bit program, started by a 64-bit one, has a serial port behind `--`."""

import subprocess

import harness
import places
from harness import check


def test(place):
    gcc = harness.need('gcc')
    # where the kernel's headers are: those of glibc for 32 bits ask for them, and only gcc-multilib,
    # which no cross compiler can be beside, has a link to them
    folder = subprocess.run([gcc, '-print-multiarch'], capture_output=True, text=True).stdout.strip()
    said = places.check_serial_program(place, 'serial32', gcc, '-m32', '-static',
                                       '-idirafter', f'/usr/include/{folder}')
    check('all is fine, with 32-bit addresses' in said, f'it says so: {said}')


places.run(test)
