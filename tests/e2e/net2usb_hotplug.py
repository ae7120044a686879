#!/usr/bin/python3
"""Hotplug callbacks tell of devices that come and go, also where the server does not: one that is not
com2net, and one that is started after the program. The program asks for no list."""

import struct

import harness
import net2usb_returns as returns
import usb_foreign
from harness import check, equal


class Server(usb_foreign.Server):
    """Devices that come and go; those that are imported are left out."""

    def __init__(self):
        self.records = {}
        self.lists = 0
        super().__init__()

    def plug(self, number):
        self.records[f'1-{number}'] = usb_foreign.record(f'1-{number}', product=number, devnum=number + 1)

    def _serve(self, connection):
        try:
            code = struct.unpack('>HHI', self._receive(connection, 8))[1]
            if code == 0x8005:
                self.lists += 1
                connection.sendall(usb_foreign.listing(*(
                    r for b, r in self.records.items() if not self.importers or b != '1-1')))
            elif code == 0x8003:
                self._receive(connection, 32)
                self.record = self.records['1-1']
                self._import(connection)
        except (EOFError, OSError):
            pass
        finally:
            connection.close()


def hears(program, wanted, what):
    heard = ''
    for _ in range(60):
        heard += program.ask('events 500', 60) + ' '
        if wanted in heard:
            return heard
    raise harness.Failed(f'{what}: {heard}')


def of_a_foreign_server():
    server = Server()
    server.plug(1)
    program = returns.Watcher(server.port)
    equal(program.ask('events 100', 60), '', 'what was there at the start is not told of')
    server.plug(2)
    hears(program, '+1209:0002', 'one has come')
    equal(program.ask('open 1209:0001'), 'open', 'one is opened')
    server.plug(3)
    heard = hears(program, '+1209:0003', 'another one, meanwhile')
    check('-' not in heard, f'what is open has not gone: {heard}')
    del server.records['1-2']
    heard = hears(program, '-1209:0002', 'one has gone')
    equal(program.ask('close'), 'closed', '')
    heard += program.ask('events 2500', 60)
    check('-1209:0001' not in heard, f'what is closed has not gone: {heard}')
    asked = server.lists
    program.ask('events 2000', 60)
    check(server.lists <= asked + 20, f'it is not asked all the time: {server.lists - asked} times')
    program.quit()


def of_one_that_comes_later():
    server = harness.Com2net('usb:demo-loop', '0', ports=1)
    port = server.port
    server.stop()
    program = returns.Watcher(port)
    equal(program.ask('events 300', 60), '', 'nobody is there')
    server = harness.Com2net('usb:demo-loop', str(port), ports=1)
    hears(program, '+1209:0001', 'it has come')
    server.stop()
    hears(program, '-1209:0001', 'it has gone')
    harness.Com2net('usb:demo-icestick', str(port), ports=1)
    hears(program, '+0403:6010', 'it is there again, with another device')
    program.quit()


def main():
    of_a_foreign_server()
    of_one_that_comes_later()


harness.run(main)
