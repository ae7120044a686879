#!/usr/bin/python3
"""Each connection that a program's libusb-1.0 keeps is probed when nothing comes, within seconds: a
server whose network is gone, without a word, is not waited for for ever."""

import os
import re

import harness
import net2usb_returns as returns
import usb_foreign
from harness import check, equal

KEEPALIVE = '02'  # the timer of a connection that waits, in /proc/net/tcp; 01 is of data under way
SOON = 15         # seconds; Linux begins after two hours where nobody says so


def timers(program, port):
    """Of the program's connections to a port: (kind, seconds until it fires)."""
    inodes = set()
    for fd in os.listdir(f'/proc/{program.pid}/fd'):
        found = re.match(r'socket:\[(\d+)\]', os.readlink(f'/proc/{program.pid}/fd/{fd}'))
        if found:
            inodes.add(found.group(1))
    with open(f'/proc/{program.pid}/net/tcp') as f:
        for line in f:
            words = line.split()
            if words[2].endswith(f':{port:04X}') and words[9] in inodes:
                kind, when = words[5].split(':')
                yield kind, int(when, 16) / os.sysconf('SC_CLK_TCK')


def are_probed(server, product, count, what):
    program = returns.Watcher(server.port)
    equal(program.ask(f'open 1209:{product}'), 'open', what)
    check('ERROR' not in program.ask('control'), f'{what}: it answers')

    def waits():
        found = list(timers(program, server.port))
        return found if len(found) == count and all(kind != '01' for kind, _ in found) else None
    found = harness.eventually(waits, f'{what}: {count} connections are there, and wait')
    for kind, when in found:
        check(kind == KEEPALIVE, f'{what}: a connection without keepalive: its timer is {kind}')
        check(when < SOON, f'{what}: keepalive begins soon, not after {when:.0f} s')
    program.quit()


def main():
    are_probed(usb_foreign.Server(), '0001', 1, 'a device of a foreign server')
    are_probed(harness.Com2net('usb:demo-loop', '0', ports=1), '0001', 2,
               'a device of com2net\'s, and its list')


if __name__ == '__main__':
    harness.run(main)
