#!/usr/bin/python3
"""The speeds that libusb tells are those of the servers' lists, in libusb's numbers; what no server
should say is high speed."""

import harness
import net2usb
import net2usb_returns as returns
import usb_foreign
from harness import equal

LOW, FULL, HIGH, SUPER, SUPER_PLUS = range(1, 6)  # libusb's
SPEEDS = {0: HIGH, 1: LOW, 2: FULL, 3: HIGH, 4: HIGH, 5: SUPER, 6: SUPER_PLUS, 7: HIGH, 255: HIGH,
          0x7fffffff: HIGH, 0xffffffff: HIGH}


def main():
    def lists(client):
        client.sendall(usb_foreign.listing(*(
            usb_foreign.record(busid=f'1-{i}', devnum=i + 1, product=i, speed=speed)
            for i, speed in enumerate(SPEEDS))))
    program = returns.Watcher(net2usb.Server(lists).port)
    said = dict(word.split('=') for word in program.ask('speeds').split())
    for i, (speed, wanted) in enumerate(SPEEDS.items()):
        equal(said.get(f'1209:{i:04x}'), str(wanted), f'libusb_get_device_speed where the list says {speed}')
    program.quit()


harness.run(main)
