#!/usr/bin/python3
"""On a terminal net2pty keeps one line about what it waits for; elsewhere it writes none of that."""

import clock
import harness
from harness import check


def main():
    net2pty = harness.under_test('net2pty', 'client')
    port = harness.free_port()
    words = [net2pty, harness.temp('tty'), f'127.0.0.1:{port}']
    shown = harness.Terminal(words)
    shown.shows(rb'trying again\r\n')
    shown.shows(rb'\r\x1b\[Kwaiting for 127\.0\.0\.1:\d+, [12] s: nothing listens there')
    shown.shows(rb'\r\x1b\[Kwaiting for 127\.0\.0\.1:\d+, [34] s: ')
    for line in shown.screen.split(b'\r\x1b[K')[1:]:
        check(len(line.split(b'\n')[-1]) < 80, f'it is one line: {line}')
    server = harness.Com2net('loop:', str(port))
    shown.shows(rb'\r\x1b\[Knet2pty: [^\n]* connected to')
    shown.shows(rb'connected to \S+\r\n(waiting[^\n]*)?\r\x1b\[K$')
    shown.stop()
    server.stop()

    quiet = harness.Net2pty(harness.temp('other'), f'127.0.0.1:{port}')
    quiet.says('trying again')
    clock.sleep(1.5)
    check('\x1b' not in quiet.log() and 'waiting for' not in quiet.log(), f'a log is lines: {quiet.log()}')


harness.run(main)
