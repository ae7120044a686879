"""A board at a foreign RFC 2217 server, both in one: what a board does when its lines move and bytes come is
for those who inherit."""

import socket
import struct
import threading

IAC, SB, SE = 255, 250, 240


class Board:
    def __init__(self, listen):
        self.dtr = self.rts = True
        self.listener = socket.create_server((listen.split(':')[0], 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def lines_moved(self):
        """DTR or RTS is not what it was."""

    def received(self, data):
        """Bytes for the board."""

    def say(self, data):
        self.peer.sendall(data.replace(b'\xff', b'\xff\xff'))

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
                self.received(data[:end])
                data = data[end:]
            elif len(data) < 2:
                return data
            elif data[1] == IAC:
                self.received(b'\xff')
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
        before = self.dtr, self.rts
        if code == 5 and payload in (b'\x08', b'\x09'):
            self.dtr = payload == b'\x08'
        if code == 5 and payload in (b'\x0b', b'\x0c'):
            self.rts = payload == b'\x0b'
        if (self.dtr, self.rts) != before:
            self.lines_moved()
        if code == 1 and payload == bytes(4):
            payload = struct.pack('>I', 115200)
        self.answer(100 + code, payload)
