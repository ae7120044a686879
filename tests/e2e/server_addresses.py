#!/usr/bin/python3
"""The loopback is 127.0.0.1 and ::1; an address that is not there yet is waited for, and holds up no other."""

import shutil
import socket

import harness
from harness import check, equal

HERE = '10.99.0.1'


def main():
    both_loopbacks_have_one_number()
    somebody_else_has_the_other_one()
    an_address_comes_later()


def echoes(port, host):
    with socket.create_connection((host, port), timeout=harness.PATIENCE) as sock:
        sock.sendall(b'hello')
        equal(harness.read_exactly(sock.fileno(), 5, harness.PATIENCE, host), b'hello', f'echo at {host}')


def both_loopbacks_have_one_number():
    harness.need_machine('ipv6')
    server = harness.Com2net('loop:', '0', 'loop:,name=other', 'localhost:0')
    for port in server.ports:
        echoes(port, '127.0.0.1')
        harness.next_client(port).close()
        echoes(port, '::1')
    server.stop()
    said = harness.fails([server.argv[0], 'loop:', '7000', 'loop:', '[::1]:7000'])
    check('is the PORT of two' in said, f'one address for two: {said}')


def somebody_else_has_the_other_one():
    with socket.create_server(('::1', 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        server = harness.Com2net('loop:', str(port))
        server.says(rf'warning: \[::1\]:{port} is not ours: \S+ \(pid \d+\) has it')
        echoes(port, '127.0.0.1')
        server.stop()


def an_address_comes_later():
    harness.need_machine('network_namespace')
    name = f'com2net-addresses{harness.os.getpid()}'
    ip = shutil.which('ip', path=harness.machine.PATH)
    harness.subprocess.run([ip, 'netns', 'add', name], check=True)
    harness.at_end(lambda: harness.subprocess.run([ip, 'netns', 'del', name], check=False))
    harness.subprocess.run([ip, '-n', name, 'link', 'set', 'lo', 'up'], check=True)
    server = harness.Program([ip, 'netns', 'exec', name, harness.under_test('com2net', 'server'),
                              f'usb:demo-loop', f'{HERE}:7000', 'loop:', '7001'])
    server.says(f'{HERE}:7000: this machine has no such address yet; waiting for it')
    server.says(r'loop: listening on 127\.0\.0\.1:7001')
    net2usb = [ip, 'netns', 'exec', name, harness.under_test('net2usb', 'client'), 'list', HERE + ':7000']
    harness.fails(net2usb)
    harness.subprocess.run([ip, '-n', name, 'address', 'add', HERE + '/32', 'dev', 'lo'], check=True)
    server.says(rf'demo-loop: listening on {HERE}:7000')
    listed = harness.Program(net2usb)
    equal(listed.wait(), 0, 'status')
    check('1209:0001' in listed.log(), f'the device is there: {listed.log()}')
    equal(server.stop(), 0, 'status')


harness.run(main)
