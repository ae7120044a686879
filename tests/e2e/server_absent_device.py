#!/usr/bin/python3
"""A device that is not there is an error which names it, and why."""

import harness
from harness import check


def main():
    said = harness.fails([harness.under_test('com2net', 'server'), '/dev/ttyNOTHERE7', '0'])
    check('/dev/ttyNOTHERE7' in said, f'the device is named: {said}')
    check('no such' in said.lower(), f'the reason is named: {said}')
    for other in '/dev/null', '/etc/passwd,hotplug':
        said = harness.fails([harness.under_test('com2net', 'server'), other, '0'])
        check('not a serial port' in said, f'{other} is none: {said}')
    server = harness.Com2net('/dev/ttyNOTHERE7,hotplug', '0')
    server.says('/dev/ttyNOTHERE7: no such port.*; waiting for it')


harness.run(main)
