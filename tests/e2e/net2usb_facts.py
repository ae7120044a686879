#!/usr/bin/python3
"""What a program is told of a foreign server's device before it has opened it is the device's own, where
it was given that device; of others the list says nothing of strings, and numbers that stand for them lead
to the device's own."""

import struct

import harness
import net2usb_returns as returns
import usb_foreign
from harness import equal


class Server(usb_foreign.Server):
    """Numbers of strings that nobody would guess, and no serial number; or two such devices."""

    def __init__(self, count=1):
        super().__init__()
        self.records = [usb_foreign.record(f'1-{i + 1}', product=i + 1, devnum=i + 2) for i in range(count)]
        self.descriptors[1] = struct.pack('<BBHBBBBHHHBBBB', 18, 1, 0x110, 0xff, 0xff, 0xff, 8, 0x1209, 1,
                                          0x100, 5, 7, 0, 1)
        self.strings = {0: struct.pack('<H', 0x409), 5: 'Maker'.encode('utf-16-le'),
                        7: 'Board'.encode('utf-16-le'), 1: 'wrong'.encode('utf-16-le')}

    def _serve(self, connection):
        try:
            code = struct.unpack('>HHI', self._receive(connection, 8))[1]
            if code == 0x8005:
                connection.sendall(usb_foreign.listing(*self.records))
            elif code == 0x8003:
                busid = self._receive(connection, 32).rstrip(b'\0').decode()
                self.record = self.records[int(busid[-1]) - 1]
                self._import(connection)
        except (EOFError, OSError):
            pass
        finally:
            connection.close()


def main():
    server = Server()
    program = returns.Watcher(server.port)
    equal(program.ask('strings 1209:0001'), '8 5 7 0 Maker Board -', 'the only one of its server')
    equal(server.imports, 1, 'imports')
    program.quit()
    server = Server(2)
    program = returns.Watcher(server.port, NET2USB_DEVICES='1-1')
    equal(program.ask('strings 1209:0001'), '8 5 7 0 Maker Board -', 'one of two, which is chosen')
    program.quit()
    server = Server(2)
    program = returns.Watcher(server.port)
    equal(program.ask('devices'), '1209:0001 1209:0002', 'two, of which none is chosen')
    equal(server.imports, 0, 'imports for a list')
    equal(program.ask('strings 1209:0001').split()[4:], ['Maker', 'Board', '-'], 'its strings')
    equal(program.ask('strings 1209:0001'), '8 5 7 0 Maker Board -', 'what is known then')
    program.quit()


harness.run(main)
