#!/usr/bin/python3
"""Several links for one command, each with its own lines; inside another supervisor that cannot be
asked, where no second one can be, data still flows and one line says what does not."""

import harness
from harness import check, equal

PROGRAM = '''
import sys, time
import serial

one, two = (serial.Serial(name, timeout=5) for name in sys.argv[1:])
one.rts = False
limit = time.monotonic() + 5
while one.cts or not two.cts:
    if time.monotonic() > limit:
        sys.exit('the lines of two links are not their own')
    time.sleep(0.005)
one.write(b'1')
two.write(b'2')
sys.exit(0 if one.read(1) + two.read(1) == b'12' else 'bytes of two links')
'''


def main():
    harness.need_serial()
    server = harness.Com2net('loop:,name=a', '0', 'loop:,name=b', '0', ports=2)
    ports = server.ports
    names = [harness.temp('tty1'), harness.temp('tty2')]
    net2pty = harness.under_test('net2pty', 'client')
    pairs = [word for name, port in zip(names, ports) for word in (name, f'127.0.0.1:{port}')]
    program = harness.Program([net2pty, *pairs, '--', '/usr/bin/python3', '-c', PROGRAM, *names])
    program.expected = True
    equal(program.wait(30), 0, f'exit status; it said: {program.log()}')

    outer = harness.Program([net2pty, *pairs[:2], '--', 'env', '-u', 'NET2PTY_SOCKET',
                             'NET2PTY_PRELOAD=/nowhere', net2pty, *pairs[2:], '--', 'sh', '-c',
                             f'echo x >{names[1]} && exit 11'])
    outer.expected = True
    equal(outer.wait(30), 11, f'status of the inner one; it said: {outer.log()}')
    check('another supervisor is there already' in outer.log(), 'why there are no lines is said')


harness.run(main)
