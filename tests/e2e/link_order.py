#!/usr/bin/python3
"""What is written before a change of speed with a pause is sent before it, the rest after."""

import os
import subprocess

import harness
from harness import equal


def main():
    device, _, client = harness.bridge()
    link = harness.open_link(client.link)
    for speed in 19200, 115200, 57600:
        os.write(link, b'before')
        equal(device.read(6), b'before', 'data before the change')
        subprocess.run(['stty', '-F', client.link, str(speed)], check=True)
        os.write(link, b'after')
        # a byte after the change is at the device only when the change is
        equal(device.read(5), b'after', 'data after the change')
        equal(device.settings().speed, speed, 'speed when the data is there')


harness.run(main)
