#!/usr/bin/python3
"""What is wrong in a command line is named, and what is right."""

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
                       ([com2net, 'loop:'], 'loop:'),
                       ([com2net, 'loop', '0'], 'loop: with a colon'),
                       ([com2net, 'USB:demo-loop', '0'], 'small letters'),
                       ([com2net, 'loop:', '7', 'loop:', '7'], '7 is the PORT of two'),
                       ([com2net, '--list', 'loop:', '0'], '--list'),
                       ([com2net, '--pcap', harness.temp('pcap'), 'loop:', '0'], '--pcap'),
                       ([net2pty, './ttyS5', 'host'], 'host (the server of ./ttyS5): its PORT is missing: it must be HOST:PORT'),
                       ([net2pty, './ttyS5', 'host:7', 'picocom', './ttyS5'], 'comes after --'),
                       ([net2pty, './ttyS5', 'host:7', 'tool', '-c', 'x'], 'comes after --'),
                       ([net2pty, '--status', 'ttyS5', 'ttyS6'], '--status takes one LINK'),
                       ([net2pty, 'exec', 'ttyS5,raw', '--', 'true'], 'options of a link'),
                       ([net2pty, 'exec', 'ttyS5', 'host:7', '--', 'true'], 'links only')):
        said = harness.fails(argv)
        check(name in said, f'{" ".join(argv[1:])}: {name} is named: {said}')


harness.run(main)
