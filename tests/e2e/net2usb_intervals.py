#!/usr/bin/python3
"""Transfers of interrupt and isochronous endpoints are sent with the interval of their descriptor, in
frames or microframes as the kernel's client counts them."""

import harness
import net2usb_returns as returns
import usb_foreign
from harness import equal
from usb_foreign import BULK, FULL, HIGH, INTERRUPT, ISOCHRONOUS, LOW, SUPER

WORDS = {BULK: 'bulk', INTERRUPT: 'interrupt', ISOCHRONOUS: 'isochronous'}
# of high and higher speeds bInterval is an exponent, of isochronous endpoints always; what it may not be
# is put right as the kernel does it (tests/test_usb_submit.c has all of it)
INTERVALS = (
    (LOW, ((INTERRUPT, 10, 10), (INTERRUPT, 255, 255))),
    (FULL, ((BULK, 5, 0), (INTERRUPT, 1, 1), (INTERRUPT, 10, 10), (INTERRUPT, 0, 10), (ISOCHRONOUS, 1, 1),
            (ISOCHRONOUS, 4, 8))),
    (HIGH, ((BULK, 5, 0), (INTERRUPT, 1, 1), (INTERRUPT, 4, 8), (INTERRUPT, 16, 32768), (INTERRUPT, 0, 64),
            (INTERRUPT, 17, 128), (INTERRUPT, 255, 1024), (ISOCHRONOUS, 1, 1), (ISOCHRONOUS, 3, 4))),
    (SUPER, ((INTERRUPT, 6, 32), (ISOCHRONOUS, 2, 2))))


def main():
    for speed, all_of_it in INTERVALS:
        endpoints = [(0x81 + i, kind, 8, given) for i, (kind, given, _) in enumerate(all_of_it)]
        server = usb_foreign.Server(endpoints, speed=speed)
        program = returns.Watcher(server.port)
        equal(program.ask('open 1209:0001'), 'open', 'a device')
        for (address, kind, _, given), (_, _, wanted) in zip(endpoints, all_of_it):
            what = f'speed {speed}, {WORDS[kind]} endpoint with bInterval {given}'
            said = program.ask(f'{WORDS[kind]} {address:x} 8 5000')
            equal(said.split()[-1], '0', f'{what}: a transfer ends, without data')
            equal((server.urbs[-1].endpoint, server.urbs[-1].interval), (address, wanted),
                  f'{what}: endpoint and interval that are sent')
        program.quit()


harness.run(main)
