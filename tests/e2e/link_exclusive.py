#!/usr/bin/python3
"""What a program leaves switched on a terminal (TIOCEXCL, a stopped output) does not outlive it: the next
one finds the link as good as new. Also for an ordinary user, whom TIOCEXCL keeps out."""

import os
import subprocess
import termios

import harness
from harness import check, equal

FIRST = '''
import fcntl, os, sys, termios
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
fcntl.ioctl(fd, termios.TIOCEXCL)
termios.tcflow(fd, termios.TCOOFF)
'''
SECOND = '''
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
os.write(fd, b'x')
sys.exit(0 if os.read(fd, 1) == b'x' else 'no echo')
'''


def main():
    server = harness.Com2net('loop:', '0')
    users = [[]]
    if os.getuid() == 0:
        os.chmod(harness.temp(), 0o777)
        users.append(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'])
    for who in users:
        if who:
            harness.need_machine('other_users')
        name = harness.temp(f'tty{len(who)}')
        client = harness.Program([*who, harness.under_test('net2pty', 'client'), name,
                                  f'127.0.0.1:{server.port}'])
        client.says('connected to')
        for turn in range(2):
            subprocess.run([*who, '/usr/bin/python3', '-c', FIRST, name], check=True, timeout=60)
            harness.eventually(lambda: works(who, name), 'the next program has the port', 5)
        client.stop()
        check(not os.path.lexists(name), 'the link is gone')


def works(who, name):
    done = subprocess.run([*who, 'timeout', '2', '/usr/bin/python3', '-c', SECOND, name],
                          stderr=subprocess.DEVNULL)
    return done.returncode == 0


harness.run(main)
