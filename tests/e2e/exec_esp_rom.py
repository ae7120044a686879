#!/usr/bin/python3
"""An ESP32's ROM loader answers only when EN and GPIO0 were pulled low in the right order: a reset and what
esptool asks first, written with pyserial, find it behind `--`."""

import struct
import time

import harness
import places
from board import Board
from harness import check

MAGIC_AT, MAGIC = 0x40001000, 0x00F01D83  # what tells an ESP32

PROGRAM = r'''
import struct, sys, time
import serial

MAGIC_AT = 0x40001000
port = serial.Serial(sys.argv[1], 115200, timeout=0.1)


def slip(data):
    return b'\xc0' + data.replace(b'\xdb', b'\xdb\xdd').replace(b'\xc0', b'\xdb\xdc') + b'\xc0'


def command(code, data):
    """The answer's value, or None."""
    port.write(slip(struct.pack('<BBHI', 0, code, len(data), 0) + data))
    got, limit = b'', time.monotonic() + 0.3
    while got.count(b'\xc0') < 2 and time.monotonic() < limit:
        got += port.read(64)
    if got.count(b'\xc0') < 2:
        return None
    body = got.split(b'\xc0')[1].replace(b'\xdb\xdc', b'\xc0').replace(b'\xdb\xdd', b'\xdb')
    direction, echoed, _, value = struct.unpack_from('<BBHI', body)
    return value if (direction, echoed) == (1, code) else None


def sync():
    return command(0x08, b'\x07\x07\x12\x20' + 32 * b'\x55') is not None


def into_rom_loader():
    port.dtr, port.rts = False, True
    time.sleep(0.1)
    port.dtr = True
    port.rts = False
    time.sleep(0.05)
    port.dtr = False
    port.reset_input_buffer()
    return sync()


if sync():
    sys.exit('it answers without a reset')
port.dtr, port.rts = False, True   # EN low, then high with GPIO0 high: the program in flash
time.sleep(0.1)
port.rts = False
time.sleep(0.05)
if sync():
    sys.exit('it answers after a plain reset')
if not any(into_rom_loader() for attempt in range(7)):  # as often as esptool tries
    sys.exit('no answer to a sync')
magic = command(0x0a, struct.pack('<I', MAGIC_AT))
print('magic', hex(magic) if magic is not None else 'none')
'''


class Esp32(Board):
    """With the two transistors that join DTR and RTS to EN and GPIO0."""

    def __init__(self, listen):
        self.history = [(0.0, True, True)]  # time, EN, GPIO0
        self.waiting = b''
        super().__init__(listen)

    def lines_moved(self):
        self.history.append((time.monotonic(), self.dtr or not self.rts, self.rts or not self.dtr))

    def in_rom_loader(self):
        """GPIO0 is looked at a moment after EN has risen last: a capacitor holds EN back."""
        rises = [now for before, now in zip(self.history, self.history[1:]) if not before[1] and now[1]]
        if not rises or not self.history[-1][1]:
            return False
        seen = [gpio0 for when, _, gpio0 in self.history if when <= rises[-1][0] + 0.01]
        return not seen[-1]

    def received(self, data):
        self.waiting = self.waiting + data if self.in_rom_loader() else b''
        while self.waiting.count(b'\xc0') >= 2:
            _, body, self.waiting = self.waiting.split(b'\xc0', 2)
            body = body.replace(b'\xdb\xdc', b'\xc0').replace(b'\xdb\xdd', b'\xdb')
            _, code, _, _ = struct.unpack_from('<BBHI', body)
            value = 0
            if code == 0x0a and struct.unpack_from('<I', body, 8)[0] == MAGIC_AT:
                value = MAGIC
            out = struct.pack('<BBHI', 1, code, 4, value) + bytes(4)
            self.say(b'\xc0' + out.replace(b'\xdb', b'\xdb\xdd').replace(b'\xc0', b'\xdb\xdc')
                     + b'\xc0')


def test(place):
    harness.need_serial()
    board, link = Esp32(place.listen), place.link()
    said = place.run(link, place.at(board.port), '--', '/usr/bin/python3', '-c', PROGRAM, link)
    check(f'magic {MAGIC:#x}' in said, f'the chip is told by its ROM: {said}')


places.run(test)
