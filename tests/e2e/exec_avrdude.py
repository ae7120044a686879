#!/usr/bin/python3
"""avrdude -c arduino programs a board that listens for half a second after a pulse of DTR, and else is
silent."""

import time

import harness
import places
from board import Board
from harness import equal


class Arduino(Board):
    """An ATmega328P and its STK500 bootloader; a capacitor joins DTR to RESET."""

    def __init__(self, listen):
        self.flash = bytearray(b'\xff' * 32768)
        self.was = True
        self.listens_until = 0.0
        self.address = 0
        self.waiting = b''
        super().__init__(listen)

    def lines_moved(self):
        if self.dtr and not self.was:
            self.listens_until = time.monotonic() + 0.5
            self.waiting = b''
        self.was = self.dtr

    def received(self, data):
        if time.monotonic() > self.listens_until:
            return
        self.listens_until = time.monotonic() + 5
        self.waiting += data
        while self.waiting:
            used = self.stk500(self.waiting)
            if not used:
                return
            self.waiting = self.waiting[used:]

    def reply(self, data=b''):
        self.say(b'\x14' + data + b'\x10')

    def stk500(self, data):
        """Answers one command; returns its length, 0 if it is not all there."""
        lengths = {0x41: 3, 0x42: 22, 0x45: 7, 0x55: 4, 0x56: 6, 0x74: 5}
        code = data[0]
        length = lengths.get(code, 2)
        if code == 0x64 and len(data) >= 3:
            length = 5 + (data[1] << 8 | data[2])
        if len(data) < length or (code == 0x64 and len(data) < 5):
            return 0
        if code == 0x41:
            self.reply(b'\x03')
        elif code == 0x55:
            self.address = (data[1] | data[2] << 8) * 2
            self.reply()
        elif code == 0x64:
            self.flash[self.address:self.address + length - 5] = data[4:length - 1]
            self.reply()
        elif code == 0x74:
            count = data[1] << 8 | data[2]
            self.reply(bytes(self.flash[self.address:self.address + count]))
        elif code == 0x75:
            self.reply(b'\x1e\x95\x0f')
        elif code == 0x56:
            self.reply(b'\x00')
        else:
            self.reply()
        return length


def test(place):
    avrdude = harness.need('avrdude')
    board = Arduino(place.listen)
    link, image = place.link(), harness.temp('image.bin')
    with open(image, 'wb') as f:
        f.write(harness.BULK[:8192])
    place.run(link, place.at(board.port), '--', avrdude, '-q', '-c', 'arduino', '-p', 'm328p',
              '-P', link, '-b', '115200', '-D', '-U', f'flash:w:{image}:r', timeout=60)
    equal(bytes(board.flash[:8192]), harness.BULK[:8192], 'what the board has')


places.run(test)
