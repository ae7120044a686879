#!/usr/bin/python3
"""One command after another finds the port free each time, though the lines of the one before may
still be on their way to it."""

import harness
from harness import check, equal


def main():
    harness.need_machine('seccomp_notification')
    server = harness.Com2net('loop:,linedelay=200', '0')
    net2pty = harness.under_test('net2pty', 'client')
    for turn in range(5):
        program = harness.Program([net2pty, harness.temp('tty'), f'127.0.0.1:{server.port}', '--',
                                   'sh', '-c', f': <{harness.temp("tty")}'])
        equal(program.wait(20), 0, f'status; it said: {program.log()}')
        check('in use' not in program.log(), f'no one is in the way: {program.log()}')


harness.run(main)
