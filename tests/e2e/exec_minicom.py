#!/usr/bin/python3
"""minicom behind `--`: format, hang-up by DTR, the carrier in its status line, break, characters."""

import os

import harness
import places
from harness import equal, eventually


def test(place):
    minicom = harness.need('minicom')
    far, link = harness.FarPort(place.listen), place.link()
    home = harness.temp('home')
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(home, '.minirc.dfl'), 'w') as f:
        f.write('pu baudrate 57600\npu bits 7\npu parity E\npu stopbits 2\npu rtscts No\n')
    terminal = place.terminal([link, place.at(far.port), '--', 'env', f'HOME={home}', 'TERM=vt100',
                               minicom, '-o', '-D', link])
    terminal.shows(b'Welcome to minicom')
    far.watch()
    eventually(lambda: far.settings() == '57600 7E2', 'the settings of the far port')
    eventually(lambda: far.lines() == 'DTR RTS', 'the lines of the far port')
    terminal.shows(b'Online')
    terminal.type(b'\x01h')
    terminal.shows(b'Hang-up line')
    terminal.type(b'\r')
    far.watcher.until(lambda: 'RTS' in far.changes(), 'DTR falls')
    terminal.type(b'\x01f')
    eventually(lambda: far.breaks() == 1, 'a break arrives')
    terminal.type(b'there and back')
    terminal.shows(rb'there and back')
    terminal.type(b'\x01x')
    terminal.shows(b'Leave Minicom')
    terminal.type(b'\r')
    equal(terminal.wait(), 0, "minicom's status")


places.run(test)
