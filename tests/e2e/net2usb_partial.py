#!/usr/bin/python3
"""A transfer that its timeout ends has what was moved until then: as the server says it, before it
answers the unlink or in place of that."""

import harness
import net2usb_returns as returns
import usb_foreign
from harness import equal


class Server(usb_foreign.Server):
    """Answers no transfer until it is unlinked, and then so."""

    status, data = usb_foreign.ECONNRESET, b''

    def answer(self, urb):
        return b''

    def answer_unlink(self, seqnum, urb):
        moved = {'actual': len(self.data)} if urb.out else {'data': self.data}
        return self.done(urb, self.status, **moved) + self.unlinked(seqnum, 0)


def main():
    server = Server()
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    for data in b'', b'seven b', bytes(512):
        server.data = data
        hex_of = f' {data.hex()}' if data else ''
        server.status = usb_foreign.ECONNRESET
        equal(program.ask('bulk 81 4096 100'), f'LIBUSB_ERROR_TIMEOUT {len(data)}{hex_of}',
              f'a read that times out when {len(data)} bytes have come')
        equal(program.ask('bulk 2 4096 100'), f'LIBUSB_ERROR_TIMEOUT {len(data)}',
              f'a write that times out when {len(data)} bytes have gone')
        server.status = 0
        equal(program.ask('bulk 81 4096 100'), f'LIBUSB_SUCCESS {len(data)}{hex_of}',
              f'a read that ends with {len(data)} bytes when it is given up')
    program.quit()


harness.run(main)
