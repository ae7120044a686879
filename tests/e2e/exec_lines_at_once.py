#!/usr/bin/python3
"""Behind -- a program that sets a line and reads the lines at once finds what the far end makes of it,
though com2net carries changes out after linedelay=: with supervision, the preload library and `exec`."""

import harness
from harness import equal

# CTS is RTS at the far end, DSR and CD are DTR
PROGRAM = """
import array, fcntl, os, struct, sys, termios
TIOCGICOUNT = 0x545D
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)

def lines():
    return struct.unpack('I', fcntl.ioctl(fd, termios.TIOCMGET, bytes(4)))[0]

def put(request, bits):
    fcntl.ioctl(fd, request, struct.pack('I', bits))

def cts_edges():
    counts = array.array('i', [0] * 20)
    fcntl.ioctl(fd, TIOCGICOUNT, counts)
    return counts[0]

wrong = []
def expect(what, got, wanted):
    if got != wanted:
        wrong.append('%s: %s, wanted %s' % (what, got, wanted))

expect('CTS after the open', bool(lines() & termios.TIOCM_CTS), True)
for i in range(10):
    on = bool(i & 1)
    before = cts_edges()
    put(termios.TIOCMBIS if on else termios.TIOCMBIC, termios.TIOCM_RTS)
    expect('CTS', bool(lines() & termios.TIOCM_CTS), on)
    expect('edges', cts_edges() - before, 1)
    put(termios.TIOCMSET, termios.TIOCM_RTS | (0 if on else termios.TIOCM_DTR))
    now = lines()
    expect('DSR', bool(now & termios.TIOCM_DSR), not on)
    expect('CD', bool(now & termios.TIOCM_CAR), not on)
    put(termios.TIOCMBIC if not on else termios.TIOCMBIS, termios.TIOCM_RTS)
    lines()
print('; '.join(wrong) or 'right', flush=True)
"""


def main():
    harness.need_machine('seccomp_notification', 'ptrace')
    net2pty = harness.under_test('net2pty', 'client')
    link = harness.temp('tty')
    program = ['/usr/bin/python3', '-c', PROGRAM]
    for delay in 30, 0, 100:
        server = harness.Com2net(f'loop:,linedelay={delay}', '0')
        for mode in 'seccomp', 'preload':
            client = harness.Program([net2pty, f'--lines={mode}', link, f'127.0.0.1:{server.port}', '--',
                                      *program, link])
            client.wait()
            equal(client.log().splitlines()[-1], 'right', f'linedelay={delay}, {mode}')
        served = harness.Net2pty(harness.temp('served'), f'127.0.0.1:{server.port}')
        client = harness.Program([net2pty, 'exec', served.link, '--', *program, served.link])
        client.wait()
        equal(client.log().splitlines()[-1], 'right', f'linedelay={delay}, exec')
        served.stop()
        server.stop()


harness.run(main)
