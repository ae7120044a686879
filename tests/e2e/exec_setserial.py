#!/usr/bin/python3
"""setserial behind `--` finds a serial port, and what it sets can be read back by the next one."""

import harness
import places
from harness import check


def test(place):
    setserial = harness.need('setserial')
    far, link = harness.FarPort(place.listen), place.link()
    said = far.run(place, link, 'sh', '-ec', '''
        "$1" -a "$0"
        "$1" "$0" low_latency spd_cust divisor 12
        "$1" -a "$0"
        "$1" "$0" ^low_latency spd_normal
        "$1" -G "$0"
    ''', link, setserial)
    check('UART: 16550A' in said, f'a UART: {said}')
    first, rest = said.split('Flags:', 1)
    second = rest.split('Flags:', 1)[1]
    check('low_latency' not in rest.split('UART:')[0], f'flags at first: {said}')
    check('spd_cust low_latency' in second and 'divisor: 12' in rest, f'what was set: {said}')
    last = said.splitlines()[-1]
    check(link in last and 'low_latency' not in last and 'spd_cust' not in last,
          f'what was taken back: {said}')


places.run(test)
