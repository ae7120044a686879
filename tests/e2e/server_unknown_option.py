#!/usr/bin/python3
"""An option that does not exist is an error which names that option."""

import harness
from harness import check


def main():
    com2net = harness.under_test('com2net', 'server')
    net2pty = harness.under_test('net2pty', 'client')
    for argv, name in (([com2net, 'loop:,frobnicate=1', '0'], 'frobnicate'),
                       ([com2net, '--frobnicate', 'loop:', '0'], 'frobnicate'),
                       ([com2net, 'loop:,mode=sideways', '0'], 'sideways'),
                       ([net2pty, harness.temp('tty') + ',frobnicate=1', '127.0.0.1:1'], 'frobnicate'),
                       ([net2pty, '--frobnicate', harness.temp('tty'), '127.0.0.1:1'], 'frobnicate'),
                       ([com2net, 'loop:', '99999'], '99999'),
                       ([com2net, 'loop:'], 'loop:')):
        said = harness.fails(argv)
        check(name in said, f'{" ".join(argv[1:])}: {name} is named: {said}')


harness.run(main)
