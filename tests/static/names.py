#!/usr/bin/python3
"""Static programs find names by their own C library: localhost without /etc, names of /etc/hosts,
names of a name server."""

import os

import root
import harness
from harness import check

NAME_SERVER = '127.0.0.9'


class Names:
    def __init__(self):
        self.there = root.Root(system=True)
        self.there.add(os.environ['SERIAL_STATIC'], '/bin/program')
        _, self.serial = self.there.serve('loop:', '0')
        _, self.usb = self.there.serve('usb:demo-icestick', '0')

    def found(self, name):
        said = self.there.run('/bin/net2usb', 'list', f'{name}:{self.usb}')
        check('0403:6010' in said, f'net2usb finds {name}: {said}')
        self.found_by_net2pty(name)

    def found_by_net2pty(self, name):
        said = self.there.run('/bin/net2pty', '/dev/tty6', f'{name}:{self.serial}', '--', '/bin/program',
                              '/dev/tty6')
        check('all is fine' in said, f'net2pty finds {name}: {said}')

    def unknown(self, name):
        said = self.there.run('/bin/net2usb', 'list', f'{name}:{self.usb}', status=1)
        check('not known' in said, f'net2usb does not find {name}: {said}')
        tries = self.there.start('/bin/net2pty', '/dev/tty6', f'{name}:{self.serial}')
        tries.says('its name is not known')
        tries.stop()


def main():
    names = Names()
    names.found('localhost')
    names.there.write('/etc/hosts', '127.0.0.1 localhost boardhost\n')
    names.found('boardhost')
    names.found('localhost')
    resolver = root.Resolver(['board.test', 'short.example.test'], NAME_SERVER)
    names.there.write('/etc/resolv.conf', f'nameserver {NAME_SERVER}\nsearch example.test\n')
    names.found('board.test')
    check('board.test' in resolver.asked, f'the name server was asked: {resolver.asked}')
    names.found('short')
    names.found('boardhost')
    names.unknown('nosuch.test')


root.enter()
harness.run(main)
