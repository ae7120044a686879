#!/usr/bin/python3
"""A program that waits for a device by net2usb's libusb-1.0 is told that it has gone when the network
of its server is, without a word."""

import faraway
import harness
import net2usb_keepalive as keepalive
import net2usb_returns as returns
import usb_foreign
from harness import equal

LIMIT = 60  # seconds; keepalive gives up after 15


class Server(usb_foreign.Server):
    def answer(self, urb):
        return b''


def main():
    with faraway.network() as (name, cable):
        server = Server(host='0.0.0.0')
        program = returns.Watcher(server.port, host=faraway.HOST,
                                  prefix=(harness.need('ip'), 'netns', 'exec', name))
        equal(program.ask('open 1209:0001'), 'open', 'a device')
        program.process.stdin.write(b'bulk 81 64 0\n')
        program.process.stdin.flush()
        harness.eventually(lambda: any(u.endpoint == 0x81 for u in server.urbs), 'a read waits')
        # TCP has nothing under way either: the timer is that of keepalive
        harness.eventually(lambda: [kind for kind, _ in keepalive.timers(program, server.port)] == ['02'],
                           'the connection waits')
        faraway.ip('link', 'set', cable, 'down')
        harness.eventually(lambda: program.log().count('\n') > 1,
                           'the read without a timeout ends when the network has gone', LIMIT, every=0.2)
        equal(program.log().split('\n')[1], 'LIBUSB_ERROR_NO_DEVICE 0', 'what it ends with')
        program.told += 1
        program.quit()


harness.run(main)
