#!/usr/bin/python3
"""What stty sets on a link is set at the device: speed, stop bits, flow control."""

import subprocess

import harness
from harness import equal, eventually


def main():
    device, _, client = harness.bridge()
    # without anybody who keeps it open: open, set, close is all that stty does
    for speed in 1200, 57600, 115200, 921600, 50, 9600:
        subprocess.run(['stty', '-F', client.link, str(speed)], check=True)
        eventually(lambda: device.settings().speed == speed, f'speed {speed}', 5)
    for word, seen in (('cstopb', 'two_stop_bits'), ('crtscts', 'rtscts'), ('ixon', 'xonxoff')):
        subprocess.run(['stty', '-F', client.link, word], check=True)
        eventually(lambda: getattr(device.settings(), seen), word, 5)
        subprocess.run(['stty', '-F', client.link, '-' + word], check=True)
        eventually(lambda: not getattr(device.settings(), seen), '-' + word, 5)
    shown = subprocess.run(['stty', '-F', client.link, 'speed'], stdout=subprocess.PIPE, check=True)
    equal(shown.stdout, b'9600\n', 'stty speed')


harness.run(main)
