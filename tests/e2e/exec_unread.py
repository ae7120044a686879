#!/usr/bin/python3
"""Behind -- a program that does not read what comes has its drains and modem lines all the same.
64 KiB wait for it; without flow control what is more is lost, counted and said once. With flow control
nothing is."""

import re

import harness
from harness import check, equal

SENT = 300 * 1024

PROGRAM = """
import array, fcntl, os, serial, sys, time
port = serial.Serial(sys.argv[1], 115200, timeout=1, rtscts=sys.argv[3:] == ['rtscts'])

def counts():
    c = array.array('i', [0] * 20)
    fcntl.ioctl(port.fd, 0x545D, c)  # TIOCGICOUNT
    return c

port.write(bytes(int(sys.argv[2])))
port.flush()
print('flushed', flush=True)
for on in True, False:
    port.dtr = on
    while port.dsr != on:
        time.sleep(0.02)
print('lines follow', flush=True)
got = 0
while True:
    n = len(port.read(4096))
    if not n:
        break
    got += n
print('got %d lost %d of %d' % (got, counts()[10], counts()[4]), flush=True)
"""


def run(sent, *words):
    server = harness.Com2net('loop:', '0')
    link = harness.temp('tty')
    client = harness.Program([harness.under_test('net2pty', 'client'), link, f'127.0.0.1:{server.port}',
                              '--', '/usr/bin/python3', '-c', PROGRAM, link, str(sent), *words])
    client.expected = True
    equal(client.wait(), 0, 'a program that does not read')
    server.stop()
    found = re.search(r'got (\d+) lost (\d+) of (\d+)', client.log())
    got, lost, received = (int(n) for n in found.groups())
    equal(received, sent, 'what came')
    equal(got + lost, sent, 'what was read and what was lost')
    return client, lost


def main():
    harness.need_machine('seccomp_notification', 'ptrace')
    harness.need_serial()
    client, lost = run(SENT)
    check(lost > 0, 'more came than there is room for')
    equal(client.log().count('does not read'), 1, 'times it is said')

    client, lost = run(30 * 1024, 'rtscts')
    equal(lost, 0, 'bytes lost with flow control')


harness.run(main)
