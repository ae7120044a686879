#!/usr/bin/python3
"""What is posted to an FTDI chip is done when it is sent. That the device has refused it after all is
what the next call says, whichever it is, once."""

import threading

import harness
import net2usb_returns as returns
import usb_foreign
from harness import equal

BAD = 3  # bytes


class Server(usb_foreign.Server):
    """Stalls writes of so many bytes."""

    def __init__(self):
        super().__init__(vendor=0x0403, product=0x6010)
        self.stalled = threading.Event()

    def answer(self, urb):
        return self.done(urb, usb_foreign.EPIPE if urb.out and urb.length == BAD else 0)

    def _urb(self, connection):
        super()._urb(connection)
        if self.urbs[-1].length == BAD:  # and has been answered
            self.stalled.set()


def main():
    server = Server()
    program = returns.Watcher(server.port)
    equal(program.ask('open 0403:6010'), 'open', 'an FTDI chip')
    for call, well in (('bulk 2 4 5000', 'LIBUSB_SUCCESS 4'), ('bulk 81 64 5000', 'LIBUSB_SUCCESS 0'),
                       ('control', '0000'), ('write 1', 'written')):
        server.stalled.clear()
        equal(program.ask(f'bulk 2 {BAD} 5000'), f'LIBUSB_SUCCESS {BAD}', 'a posted write, done at once')
        harness.check(server.stalled.wait(10), 'the server gets what is posted')
        equal(program.ask('events 100'), '', 'its answer comes')
        said = program.ask(call)
        equal(said.split()[0], 'LIBUSB_ERROR_PIPE', f'the error of what was posted, told by "{call}"')
        equal(program.ask(call), well, f'"{call}" once more: the error is told once')
    program.quit()


harness.run(main)
