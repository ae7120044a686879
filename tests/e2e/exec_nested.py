#!/usr/bin/python3
"""One net2pty inside the COMMAND of another: the inner one has the outer one answer for its links,
so that both have modem lines; `net2pty exec` inside likewise."""

import harness
from harness import check, equal

# both links have lines: RTS of each is its own CTS
PROGRAM = '''
import sys, time
import serial

ports = [serial.Serial(name, timeout=60) for name in sys.argv[1:]]
for low in ports:
    for port in ports:
        port.rts = port is not low
    limit = time.monotonic() + 60
    while [port.cts for port in ports] != [port is not low for port in ports]:
        if time.monotonic() > limit:
            sys.exit('a link has no lines of its own')
        time.sleep(0.005)
sys.exit(13)
'''


def main():
    harness.need_machine('seccomp_notification')
    harness.need_serial()
    server = harness.Com2net('loop:', '0', 'loop:', '0', 'loop:', '0', ports=3)
    net2pty = harness.under_test('net2pty', 'client')
    links = [harness.temp(f'tty{i}') for i in range(3)]
    pairs = [[link, f'127.0.0.1:{port}'] for link, port in zip(links, server.ports)]
    served = harness.Net2pty(*pairs[2])

    program = harness.Program([net2pty, *pairs[0], '--', net2pty, *pairs[1], '--', net2pty, 'exec',
                               served.link, '--', '/usr/bin/python3', '-c', PROGRAM, *links])
    program.expected = True
    equal(program.wait(30), 13, f'exit status; it said: {program.log()}')
    check('modem lines' not in program.log(), 'nothing is missing')
    check('left in the background' not in program.log(), 'an inner one has gone when its status is there')

    # the outer one's own link
    program = harness.Program([net2pty, *pairs[0], '--', net2pty, 'exec', links[0], '--',
                               '/usr/bin/python3', '-c', PROGRAM, links[0]])
    program.expected = True
    equal(program.wait(30), 13, f'exit status; it said: {program.log()}')

    # a socket that is not there any more, in an environment that was kept
    program = harness.Program(['env', 'NET2PTY_SOCKET=@net2pty-gone', net2pty, *pairs[0], '--',
                               '/usr/bin/python3', '-c', PROGRAM, links[0]])
    program.expected = True
    equal(program.wait(30), 13, f'exit status; it said: {program.log()}')


if __name__ == '__main__':
    harness.run(main)
