#!/usr/bin/python3
"""A program that becomes another one by exec, with a device open, leaves that none of the library's
descriptors: connections, timers, what wakes its threads. Nor does a child of a fork."""

import harness
import net2usb_returns as returns
from harness import check, equal


def main():
    server = harness.Com2net('usb:demo-loop', '0', ports=1)
    for forks in False, True:
        program = returns.Watcher(server.port)
        equal(program.ask('open 1209:0001'), 'open', 'a device')
        before = program.ask('files').split()
        # the library's timer of a connection comes with the first transfer that is given up
        equal(program.ask('bulk 81 64 50'), 'LIBUSB_ERROR_TIMEOUT 0', 'a read of which nothing comes')
        files = program.ask('files').split()
        check(files.count('timerfd') > before.count('timerfd'), f'it has a timer of its own: {files}')
        check(files.count('socket') >= 2, f'a connection for the device, and one for the list: {files}')
        check('eventfd' in files, f'and what wakes it: {files}')
        if forks:
            equal(program.ask('fork'), 'forked', 'a child')
            check('timerfd' in program.ask('files'), 'which has a timer, too')
        equal(program.ask('exec'), '', 'descriptors that outlive exec' + forks * ' in a child')
        equal(program.wait(), 0, 'the other program ends')


harness.run(main)
