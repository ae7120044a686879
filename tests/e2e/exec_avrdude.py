#!/usr/bin/python3
"""avrdude -c arduino programs a board that listens for half a second after a pulse of DTR, and else is
silent."""

import socket
import struct
import threading
import time

import harness
import places
from harness import equal

IAC, SB, SE = 255, 250, 240


class Arduino:
    """An RFC 2217 server with an ATmega328P and its STK500 bootloader behind it."""

    def __init__(self, listen):
        self.flash = bytearray(b'\xff' * 32768)
        self.dtr = True
        self.listens_until = 0.0
        self.address = 0
        self.waiting = b''
        self.listener = socket.create_server((listen.split(':')[0], 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            self.peer, _ = self.listener.accept()
            self.peer.sendall(bytes([IAC, 253, 44, IAC, 251, 0, IAC, 253, 0]))
            data = b''
            while True:
                try:
                    got = self.peer.recv(4096)
                except OSError:
                    got = b''
                if not got:
                    break
                data = self.telnet(data + got)

    def telnet(self, data):
        """Takes what is complete off the data; returns the rest."""
        while data:
            if data[0] != IAC:
                end = data.find(IAC)
                end = len(data) if end < 0 else end
                self.serial(data[:end])
                data = data[end:]
            elif len(data) < 2:
                return data
            elif data[1] == IAC:
                self.serial(b'\xff')
                data = data[2:]
            elif data[1] == SB:
                end = data.find(bytes([IAC, SE]))
                if end < 0:
                    return data
                self.command(data[3:end].replace(b'\xff\xff', b'\xff'))
                data = data[end + 2:]
            elif len(data) < 3:
                return data
            else:
                if data[1] == 251 and data[2] == 44:
                    self.answer(107, b'\x00')
                data = data[3:]
        return data

    def answer(self, code, payload):
        payload = payload.replace(b'\xff', b'\xff\xff')
        self.peer.sendall(bytes([IAC, SB, 44, code]) + payload + bytes([IAC, SE]))

    def command(self, body):
        code, payload = body[0], body[1:]
        if code == 0:
            return
        if code == 5 and payload in (b'\x08', b'\x09'):
            on = payload == b'\x08'
            if on and not self.dtr:  # the capacitor at RESET
                self.listens_until = time.monotonic() + 0.5
                self.waiting = b''
            self.dtr = on
        if code == 1 and payload == bytes(4):
            payload = struct.pack('>I', 115200)
        self.answer(100 + code, payload)

    def serial(self, data):
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
        out = b'\x14' + data + b'\x10'
        self.peer.sendall(out.replace(b'\xff', b'\xff\xff'))

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
