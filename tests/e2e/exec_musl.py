#!/usr/bin/python3
"""Programs of another C library, musl, static and dynamic, have a serial port behind `--`."""

import harness
import places
from harness import check


def test(place):
    for name, how in ('musl-static', ['-static']), ('musl-dynamic', []):
        said = places.check_serial_program(place, name, harness.need('musl-gcc'), *how)
        check('all is fine' in said, f'{name} says so: {said}')


places.run(test)
