#!/usr/bin/python3
"""Speeds and stop bits set on the link by stty reach the device that ser2net has open."""

import subprocess

import harness
from harness import eventually


def stty(link, *words):
    subprocess.run(['stty', '-F', link, *words], check=True)


def main():
    device = harness.Device()
    server = harness.ser2net(device.path)
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    link = harness.open_link(client.link)
    for speed in 57600, 115200, 300, 921600:
        stty(client.link, str(speed))
        eventually(lambda: device.settings().speed == speed, f'the device is at {speed}', 5)
    stty(client.link, 'cstopb')
    eventually(lambda: device.settings().two_stop_bits, 'two stop bits', 5)
    stty(client.link, '-cstopb')
    eventually(lambda: not device.settings().two_stop_bits, 'one stop bit', 5)
    del link


harness.run(main)
