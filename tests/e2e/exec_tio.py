#!/usr/bin/python3
"""tio behind `--`: format, modem lines that it shows and toggles, break, characters."""

import harness
import places
from harness import equal, eventually


def test(place):
    tio = harness.need('tio')
    far, link = harness.FarPort(place.listen), place.link()
    terminal = place.terminal([link, place.at(far.port), '--', tio, '-b', '57600', '-d', '7', '-p', 'odd',
                               '-s', '2', link])
    terminal.shows(b'[Cc]onnected')
    far.watch()
    eventually(lambda: far.settings() == '57600 7O2', 'the settings of the far port')
    terminal.type(b'\x14L')
    terminal.shows(rb'DSR: HIGH(?s:.)*RI : LOW')
    equal(far.lines(), 'DTR RTS', 'the far port')
    terminal.type(b'\x14g')
    terminal.type(b'0')
    eventually(lambda: far.lines() == 'RTS', 'DTR falls')
    terminal.type(b'\x14L')
    terminal.shows(rb'CTS: HIGH(?s:.)*DSR: LOW')
    terminal.type(b'\x14b')
    eventually(lambda: far.breaks() == 1, 'a break arrives')
    terminal.type(b'there and back')
    terminal.shows(rb'there and back$')
    terminal.type(b'\x14q')
    equal(terminal.wait(), 0, "tio's status")


places.run(test)
