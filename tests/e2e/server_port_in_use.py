#!/usr/bin/python3
"""A TCP port that somebody has is an error at start which names the address."""

import socket

import harness
from harness import check


def main():
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        said = harness.fails([harness.under_test('com2net', 'server'), 'loop:', str(port)])
        check(str(port) in said, f'the port is named: {said}')
        check('in use' in said or 'has it' in said, f'the reason is named: {said}')


harness.run(main)
