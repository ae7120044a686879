#!/usr/bin/python3
"""A program that runs for long, on net2usb's libusb-1.0: its device leaves, comes back as another one,
and as itself; the server ends and is started again; hotplug callbacks tell of it. What it had
written when it exits without closing arrives. A closed device is found as it was left."""

import os
import re
import subprocess
import sys

import harness
from harness import check, equal

LIBRARY = os.path.join(os.path.dirname(harness.under_test('com2net', 'server')), 'lib', 'net2usb',
                       'libusb-1.0.so.0')


class Watcher(harness.Program):
    """usb_watcher.py; `prefix` are words in front of it."""

    def __init__(self, port, host='127.0.0.1', prefix=(), **variables):
        harness.built(LIBRARY)
        super().__init__(
            [*prefix, sys.executable,
             os.path.join(os.path.dirname(os.path.abspath(__file__)), 'usb_watcher.py'), LIBRARY],
            stdin=subprocess.PIPE, env=dict(os.environ, NET2USB_SERVER=f'{host}:{port}', **variables))
        self.told = 0

    def ask(self, question, timeout=harness.PATIENCE):
        self.process.stdin.write(f'{question}\n'.encode())
        self.process.stdin.flush()

        def answered():
            return self.log().count('\n') > self.told
        harness.eventually(answered, f'an answer to "{question}"', timeout)
        self.told += 1
        return self.log().split('\n')[self.told - 1]

    def quit(self):
        self.process.stdin.write(b'quit\n')
        self.process.stdin.close()
        equal(self.wait(), 0, 'the program ends')


def is_listed_once():
    """Its open device has come back as another one, and nobody has handled an event."""
    server = harness.Com2net('usb:demo-dfu', '0')
    watcher = Watcher(server.port)
    equal(watcher.ask('open 1209:0004'), 'open', 'run time')
    equal(watcher.ask('detach'), 'detached', 'and goes')
    harness.eventually(lambda: watcher.ask('devices') == '1209:0005', 'only the new one is listed')
    equal(watcher.ask('control'), 'LIBUSB_ERROR_NO_DEVICE', 'the old one is gone')
    watcher.quit()


def returns(watcher):
    equal(watcher.ask('devices'), '0403:6010 1209:0004', 'at first')
    equal(watcher.ask('open 1209:0004'), 'open', 'run time')
    equal(watcher.ask('control'), '0000', 'it answers')
    equal(watcher.ask('detach'), 'detached', 'and goes')
    heard = watcher.ask('events 1600')
    check('-1209:0004' in heard and '+1209:0005' in heard, f'it comes back as another one: {heard}')
    equal(watcher.ask('control'), 'LIBUSB_ERROR_NO_DEVICE', 'the old one is gone')
    equal(watcher.ask('close'), 'closed', '')
    equal(watcher.ask('devices'), '0403:6010 1209:0005', 'the list has the new one')
    equal(watcher.ask('open 1209:0005'), 'open', 'which can be used')
    equal(watcher.ask('control'), '0000', 'and answers')


def outlives(watcher, server, start):
    """The end of the server, and its return."""
    server.stop()
    check('-1209:0005' in watcher.ask('events 500'), 'the end of the server is heard')
    equal(watcher.ask('control'), 'LIBUSB_ERROR_NO_DEVICE', 'it has no device')
    equal(watcher.ask('close'), 'closed', '')
    equal(watcher.ask('devices'), '', 'nor others')
    server = start(server.port)
    equal(watcher.ask('devices'), '0403:6010 1209:0004', 'when it is back, they are')
    equal(watcher.ask('open 1209:0004'), 'open', 'and can be used')
    equal(watcher.ask('control'), '0000', 'as before')
    equal(watcher.ask('close'), 'closed', '')
    equal(watcher.ask('open 1209:0004'), 'open', 'again')
    server.says('usb:demo-dfu: imported by .*, as it was left')
    equal(watcher.ask('close'), 'closed', '')
    return server


def is_heard_of(watcher, server, start):
    """The server's end and return, by hotplug callbacks: the program asks for no list."""
    server.stop()
    check('-1209:0004' in watcher.ask('events 1000'), 'the end of the server is heard')
    server = start(server.port)
    heard = ''
    for _ in range(60):
        heard += watcher.ask('events 1000') + ' '
        if '+1209:0004' in heard:
            break
    check('+1209:0004' in heard and '+0403:6010' in heard, f'so is its return: {heard}')
    return server


def loses_nothing(watcher, pcap):
    """It exits without closing, with posted data under way."""
    equal(watcher.ask('open 0403:6010'), 'open', 'the iCEstick')
    equal(watcher.ask('write 5000'), 'written', 'each is posted')
    watcher.process.stdin.write(b'quit\n')
    watcher.process.stdin.close()
    equal(watcher.wait(), 0, 'it ends')
    harness.eventually(lambda: out_bytes(pcap) == bytes(i & 255 for i in range(5000)),
                       'all of it has arrived')


def forks(port):
    daemon = Watcher(port)
    equal(daemon.ask('fork'), 'forked', 'a daemon')
    equal(daemon.ask('devices'), '0403:6010 1209:0004', 'sees devices')
    equal(daemon.ask('open 1209:0004'), 'open', 'and has them')
    equal(daemon.ask('control'), '0000', 'all to itself')
    equal(daemon.ask('fork'), 'forked', 'once more')
    equal(daemon.ask('control'), 'LIBUSB_ERROR_NO_DEVICE', 'what is open is its parent\'s')
    equal(daemon.ask('close'), 'closed', '')
    equal(daemon.ask('open 1209:0004'), 'LIBUSB_ERROR_BUSY', 'who still has it')
    equal(daemon.ask('open 0403:6010'), 'open', 'it opens something else')
    equal(daemon.ask('control'), '0000', 'and goes on')
    daemon.process.stdin.write(b'quit\n')
    daemon.process.stdin.close()
    equal(daemon.wait(), 0, 'it ends')


def out_bytes(pcap):
    """What was sent to endpoint 2: of usbmon's records in a pcapng file."""
    with open(pcap, 'rb') as f:
        data = f.read()
    sent, at = b'', 0
    while at + 12 <= len(data):
        kind, size = (int.from_bytes(data[at + i:at + i + 4], 'little') for i in (0, 4))
        packet = data[at + 28:at + size - 4]
        if kind == 6 and packet[8:11] == b'S\x03\x02':  # submitted, bulk, endpoint 2 OUT
            count = int.from_bytes(packet[36:40], 'little')
            sent += packet[64:64 + count]
        at += size
    return sent


def main():
    is_listed_once()
    pcap = harness.temp('session.pcapng')

    def start(port):
        return harness.Com2net('--pcap', pcap, 'usb:demo-icestick', 'usb:demo-dfu', str(port), ports=1)
    server = start(harness.free_port())
    watcher = Watcher(server.port)
    returns(watcher)
    server = outlives(watcher, server, start)
    server = is_heard_of(watcher, server, start)
    loses_nothing(watcher, pcap)
    # a device that somebody has is listed all the same, and refused when it is claimed
    first, second = Watcher(server.port), Watcher(server.port)
    equal(first.ask('open 1209:0004'), 'open', 'one has it')
    equal(second.ask('devices'), '0403:6010 1209:0004', 'the other one sees it')
    other, third = Watcher(server.port), Watcher(server.port)
    equal(other.ask('open 0403:6010'), 'open', 'all are in use')
    equal(third.ask('devices'), '0403:6010 1209:0004', 'which somebody new sees, too')
    equal(other.ask('close'), 'closed', '')
    equal(second.ask('open 1209:0004'), 'LIBUSB_ERROR_BUSY', 'and cannot have it')
    equal(first.ask('close'), 'closed', '')
    equal(second.ask('open 1209:0004'), 'open', 'now it can')
    equal(second.ask('close'), 'closed', '')
    forks(server.port)
    # what is not there is an empty list, soon
    nobody = Watcher(harness.free_port())
    equal(nobody.ask('devices'), '', 'no server')
    for program in first, second, other, third, nobody:
        program.process.stdin.write(b'quit\n')
        program.process.stdin.close()
        equal(program.wait(), 0, 'it ends')
    check(not re.search('error', server.log()), server.log())
    equal(server.stop(), 0, 'the server ends')


if __name__ == '__main__':
    harness.run(main)
