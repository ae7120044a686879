#!/usr/bin/python3
"""libusb_reset_device resets the device itself, behind the server: the request is sent, it is waited
for, and alternate settings are as before. A foreign server that does not know the request is not asked
again; for its devices nothing else is done."""

import harness
import net2usb_returns as returns
import usb_foreign
from harness import equal

PORT_RESET = bytes((0x23, 3, 4, 0, 0, 0, 0, 0))
SET_INTERFACE = bytes((1, 11, 3, 0, 0, 0, 0, 0))


class Server(usb_foreign.Server):
    status, refused = 0, None

    def answer(self, urb):
        return self.done(urb, usb_foreign.EPIPE if urb.setup == self.refused else self.status)


def resets(server):
    return [u for u in server.urbs if u.setup == PORT_RESET]


def is_asked():
    server = Server()
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    equal(len(resets(server)), 0, 'resets that nobody asked for')
    equal(program.ask('reset'), 'reset', 'libusb_reset_device')
    equal([(u.endpoint, u.length) for u in resets(server)], [(0, 0)],
          'SET_FEATURE(PORT_RESET) that the server got (endpoint and length of each)')
    server.status = -19
    equal(program.ask('reset'), 'LIBUSB_ERROR_NOT_FOUND', 'a reset behind which the device is another one')
    server.status = usb_foreign.EPIPE
    equal(program.ask('reset'), 'reset', 'a reset that the server does not know')
    equal(len(resets(server)), 3, 'resets that were sent, of three')
    equal(program.ask('reset'), 'reset', 'another one')
    equal(len(resets(server)), 3, 'resets that were sent, of four')
    program.quit()


class Silent(Server):
    def answer(self, urb):
        return b'' if urb.setup == PORT_RESET else super().answer(urb)


def is_not_waited_for():
    """The server never answers it. Nothing says how long it takes but that the program goes on."""
    server = Silent()
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    for _ in range(3):
        equal(program.ask('reset'), 'reset', 'libusb_reset_device')
    equal(len(resets(server)), 1, 'resets that were sent, of three')
    equal(program.ask('bulk 2 4 5000'), 'LIBUSB_SUCCESS 4', 'the device goes on')
    program.quit()


def keeps_alternate():
    """What libusb promises, and a server does or does not, as its system does."""
    server = Server()
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    equal(program.ask('alternate 3'), 'set', 'an alternate setting')
    server.urbs.clear()
    equal(program.ask('reset'), 'reset', 'libusb_reset_device')
    equal([u.setup for u in server.urbs], [PORT_RESET, SET_INTERFACE], 'requests')
    server.refused = SET_INTERFACE
    equal(program.ask('reset'), 'LIBUSB_ERROR_NOT_FOUND', 'a reset behind which the setting is refused')
    server.urbs.clear()
    equal(program.ask('reset'), 'reset', 'another one')
    equal([u.setup for u in server.urbs], [PORT_RESET], 'requests, when the setting is 0')
    program.quit()


def is_done():
    """com2net's loop, which has what is written until it is read, or the device is reset."""
    server = harness.Com2net('usb:demo-loop', '0', ports=1)
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'the loop')
    equal(program.ask('bulk 1 4 5000'), 'LIBUSB_SUCCESS 4', 'it takes bytes')
    equal(program.ask('bulk 81 64 5000'), 'LIBUSB_SUCCESS 4 00000000', 'and gives them back')
    equal(program.ask('bulk 1 4 5000'), 'LIBUSB_SUCCESS 4', 'it takes others')
    equal(program.ask('reset'), 'reset', 'and is reset')
    equal(program.ask('bulk 81 64 300'), 'LIBUSB_ERROR_TIMEOUT 0', 'bytes that it has had before the reset')
    program.quit()


def main():
    is_asked()
    is_not_waited_for()
    keeps_alternate()
    is_done()


harness.run(main)
