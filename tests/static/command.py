#!/usr/bin/python3
"""Behind static net2pty a COMMAND has a serial port in full: a static one by seccomp, a dynamic one by
the preload library, which also serves programs of this machine's C library."""

import os

import root
import harness
from harness import check


def main():
    there = root.Root(system=True)
    there.add(os.environ['SERIAL_STATIC'], '/bin/static')
    there.add(os.environ['SERIAL_DYNAMIC'], '/bin/dynamic')
    there.add(os.environ['MUSL_LIBC'], os.environ['MUSL_LOADER'])
    there.add(os.environ['PRELOAD'], '/lib/net2pty/libnet2pty-preload.so')
    server, port = there.serve('loop:', '0')

    def serves(how, program):
        said = there.run('/bin/net2pty', f'--lines={how}', '/dev/tty6', f'127.0.0.1:{port}', '--',
                         f'/bin/{program}', '/dev/tty6')
        check('all is fine' in said, f'{program} by {how}: {said}')
        check('SET-PARITY even' in server.log(), f'{program} by {how}: parity')
    serves('seccomp', 'static')
    serves('seccomp', 'dynamic')
    serves('preload', 'dynamic')
    said = there.run('/bin/net2pty', '--lines=preload', '/dev/tty6', f'127.0.0.1:{port}', '--', '/bin/none',
                     status=127)
    check('/bin/none' in said, f'a COMMAND that is not there: {said}')


root.enter()
harness.run(main)
