#!/usr/bin/python3
"""`com2net service` is for Windows: elsewhere it says what to do instead."""

import harness
from harness import check


def main():
    said = harness.fails([harness.under_test('com2net', 'server'), 'service', 'install', '--',
                          'loop:', '0'])
    check('for Windows' in said and 'systemd' in said, said)


harness.run(main)
