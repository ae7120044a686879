#!/usr/bin/python3
"""When a session ends, the port has the settings of before (RFC 2217 section 6), for the next."""

import subprocess

import harness
from harness import equal


def main():
    for options in ',19200,8n1', '':  # what the administrator says, or what the port was found with
        device = harness.Device()
        subprocess.run(['stty', '-F', device.path, '19200'], check=True)
        one_after_the_other(harness.Com2net(device.path + options, '0'))


def one_after_the_other(server):
    first = harness.Peer(server.port).agreed()
    equal(first.ask_value(harness.BAUD, 0), 19200, 'speed that a client finds')
    equal(first.ask_value(harness.BAUD, 57600), 57600, 'speed that it sets')
    first.close()

    second = harness.next_client(server.port)
    equal(second.ask_value(harness.BAUD, 0), 19200, 'speed that the next client finds')


harness.run(main)
