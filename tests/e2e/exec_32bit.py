#!/usr/bin/python3
"""A 32-bit program, started by a 64-bit one, has a serial port behind `--`."""

import subprocess

import harness
import places
from harness import check


def test(place):
    harness.need_machine('programs32')
    # <asm/...>, of which gcc-multilib makes a link, and gcc-12-multilib none
    machine = subprocess.run([harness.need('gcc'), '-print-multiarch'], stdout=subprocess.PIPE,
                             text=True, check=True).stdout.strip()
    gcc = ['gcc', '-m32', '-static', '-idirafter', f'/usr/include/{machine}']
    if subprocess.run([*gcc, '-x', 'c', '-o', '/dev/null', '-'],
                      input=b'#include <errno.h>\nint main(void) { return 0; }').returncode != 0:
        harness.absent('C library for 32 bits (package gcc-multilib or gcc-12-multilib)')
    said = places.check_serial_program(place, 'serial32', *gcc)
    check('all is fine, with 32-bit addresses' in said, f'it says so: {said}')


places.run(test)
