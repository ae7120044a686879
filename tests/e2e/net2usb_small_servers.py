#!/usr/bin/python3
"""Servers as small ones are: one connection at a time, whole strings whatever is asked for, and one whose
configuration is a long one. Programs notice nothing of it."""

import struct

import harness
import net2usb_returns as returns
import usb_foreign
from harness import check, equal
from usb_foreign import BULK


class OneConnection(usb_foreign.Server):
    """The next one is accepted when the last has ended."""
    accepted = 0

    def _run(self):
        while True:
            connection = self.listener.accept()[0]
            self.accepted += 1
            self._serve(connection)


def is_not_asked_beside_its_device():
    server = OneConnection()
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    for _ in range(20):
        equal(program.ask('devices'), '1209:0001', 'the list, while it is open')
        equal(program.ask('bulk 2 4 5000'), 'LIBUSB_SUCCESS 4', 'the device goes on')
    before = server.accepted
    equal(program.ask('close'), 'closed', '')
    harness.eventually(lambda: program.ask('devices') == '1209:0001' and server.importers == 0,
                       'the list, when it is closed')
    # each that it was asked for in vain is one more, which it finds closed
    check(server.accepted - before <= 4, f'connections: {server.accepted}, before the close {before}')
    equal(program.ask('open 1209:0001'), 'open', 'it can be opened again')
    program.quit()


class Whole(usb_foreign.Server):
    """Strings and descriptors in full, whatever wLength is."""

    def answer(self, urb):
        if urb.setup[:2] == bytes((0x80, 6)) and urb.setup[3] == 9:
            return self.done(urb, data=b'x' * 300)
        return super().answer(urb)

    def _usual(self, urb):
        kind, request, value = struct.unpack('<BBH', urb.setup[:4])
        if (urb.endpoint & 15, kind, request) == (0, 0x80, 6) and value >> 8 in self.descriptors:
            return self.done(urb, data=self.descriptors[value >> 8])
        return None if value >> 8 == 9 else super()._usual(urb)


def longer_answers_are_cut():
    server = Whole()
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    equal(program.ask('request 8006000900000200 2'), 'status 0 2', '300 bytes where 2 were asked for')
    equal(program.ask('request 8006000900000a00 64'), 'status 0 10', 'and where 10 were, in a larger buffer')
    equal(program.ask('bulk 81 64 5000'), 'LIBUSB_SUCCESS 0', 'what comes behind it')
    equal(program.ask('control'), '0000', 'the device goes on')
    equal(server.imports, 1, 'imports')
    program.quit()


def long_configurations_are_read():
    """An endpoint stands behind 60000 bytes of other descriptors."""
    server = usb_foreign.Server()
    filling = (bytes((250, 0x24)) + bytes(248)) * 240
    rest = (bytes((9, 4, 0, 0, 1, 0xff, 0xff, 0xff, 0)) + filling
            + struct.pack('<BBBBHB', 7, 5, 0x05, BULK, 512, 0))
    server.descriptors[2] = struct.pack('<BBHBBBBB', 9, 2, 9 + len(rest), 1, 1, 0, 0x80, 50) + rest
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    equal(program.ask('bulk 5 4 5000'), 'LIBUSB_SUCCESS 4', 'its endpoint')
    program.quit()


def main():
    is_not_asked_beside_its_device()
    longer_answers_are_cut()
    long_configurations_are_read()


harness.run(main)
