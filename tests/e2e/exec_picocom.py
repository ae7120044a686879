#!/usr/bin/python3
"""picocom behind `--`: format, modem lines that it shows and toggles, break, characters."""

import harness
import places
from harness import equal, eventually


def test(place):
    picocom = harness.need('picocom')
    far, link = harness.FarPort(place.listen), place.link()
    terminal = place.terminal([link, place.at(far.port), '--', picocom, '-b', '57600', '--parity', 'e',
                               '--databits', '7', '--stopbits', '2', link])
    terminal.shows(b'Terminal ready')
    far.watch()
    eventually(lambda: far.settings() == '57600 7E2', 'the settings of the far port')
    eventually(lambda: far.lines() == 'DTR RTS', 'the lines of the far port')
    terminal.type(b'\x01\x14')  # C-a C-t: toggle DTR
    eventually(lambda: far.lines() == 'RTS', 'DTR falls')
    terminal.type(b'\x01\x16')  # C-a C-v: show
    terminal.shows(rb'parity +.*even')
    terminal.shows(rb'databits +.*7')
    terminal.shows(rb'DTR:0 DSR:0 DCD:0 RTS:1 CTS:1 RI:0')
    terminal.type(b'\x01\x07')  # C-a C-g: toggle RTS
    eventually(lambda: far.lines() == '', 'RTS falls')
    terminal.type(b'\x01\x1c')  # C-a C-\: break
    eventually(lambda: far.breaks() == 1, 'a break arrives')
    terminal.type(b'there and back')
    terminal.shows(rb'there and back$')
    terminal.type(b'\x01\x18')
    equal(terminal.wait(), 0, "picocom's status")


places.run(test)
