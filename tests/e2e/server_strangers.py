#!/usr/bin/python3
"""Strangers at a serial port (a browser, a scan, SSH, TLS, USB/IP) touch nothing; each is told where it is."""

import http.client
import socket
import ssl
import struct

import harness
from harness import check, equal

BOARD = b'\r\nAT+FACTORYRESET\r\n'


def main():
    device = harness.Device()
    port, usb_port = harness.free_port(), harness.free_port()
    server = harness.Com2net(device.path, str(port), 'usb:demo-loop', str(usb_port), ports=2)

    a_browser_is_told(server, port, 'a serial port')
    a_browser_is_told(server, usb_port, 'USB devices')
    a_browser_that_connected_in_advance(port)
    tls_is_refused(port)
    greeted(port, b'SSH-2.0-OpenSSH_9.2p1\r\n', b'a serial port')
    greeted(usb_port, bytes([255, 251, 44]), b'USB devices')
    equal(answer(port, struct.pack('>HHI', 0x0111, 0x8005, 0)), struct.pack('>HHI', 0x0111, 5, 5), 'to usbip list')
    for _ in range(50):  # nc -z
        harness.connect(port).close()
    said = harness.fails([harness.under_test('net2usb', 'client'), 'list', f'127.0.0.1:{port}'])
    check(str(port) in said, f'net2usb list says something of the address: {said}')

    equal(device.quiet(1), b'', 'what the board got')
    check(': open, ' not in opened_by(server), 'no stranger had the device opened')
    for name in 'HTTP', 'TLS', 'SSH', 'USB/IP':
        server.says(f'refused: it speaks {name}, and this is a serial port')
    server.says('refused: it speaks Telnet, and these are USB devices')
    listens_to_its_own(device, port)
    passes_all_in_raw_mode()


def a_browser_is_told(server, port, what):
    client = http.client.HTTPConnection('127.0.0.1', port, timeout=harness.PATIENCE)
    client.request('POST', '/', BOARD, {'Content-Type': 'text/plain', 'Origin': 'https://evil.example'})
    reply = client.getresponse()
    equal(reply.status, 400, 'status')
    check(what in reply.read().decode(), f'the page says {what}')
    client.close()


def a_browser_that_connected_in_advance(port):
    """Its silence made it raw, and the device open; what it says then is told apart all the same."""
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    sock = harness.connect(server.port)
    server.says(': open, ')
    sock.sendall(b'POST / HTTP/1.1\r\nHost: x\r\n\r\n' + BOARD)
    check(read_all(sock).startswith(b'HTTP/1.1 400 '), 'it is told')
    equal(device.quiet(), b'', 'what the board got')
    server.stop()


def read_all(sock):
    got = b''
    sock.settimeout(harness.PATIENCE)
    while True:
        try:
            data = sock.recv(4096)
        except ConnectionResetError:
            return got
        if not data:
            return got
        got += data


def answer(port, request):
    with harness.connect(port) as sock:
        sock.sendall(request)
        return read_all(sock)


def greeted(port, request, what):
    check(what in answer(port, request), f'{request} is told of {what}')


def tls_is_refused(port):
    context = ssl.create_default_context()
    try:
        context.wrap_socket(harness.connect(port), server_hostname='localhost')
    except ssl.SSLError as e:
        check('ALERT' in str(e).upper(), f'an alert, and not {e}')
    else:
        raise harness.Failed('TLS is spoken')


def opened_by(server):
    return '\n'.join(line for line in server.log().splitlines() if 'loop' not in line)


def listens_to_its_own(device, port):
    with socket.create_connection(('127.0.0.1', port)) as raw:
        raw.sendall(b'GET x')
        equal(device.read(5), b'GET x', 'data that begin like a request')
    peer = harness.next_client(port)
    peer.send(b'from Telnet')
    equal(device.read(11), b'from Telnet', 'data of a 2217 client')
    peer.close()


def passes_all_in_raw_mode():
    device = harness.Device()
    server = harness.Com2net(device.path + ',mode=raw', '0')
    with harness.connect(server.port) as sock:
        sock.sendall(b'GET / HTTP/1.0\r\n')
        equal(device.read(16), b'GET / HTTP/1.0\r\n', 'bytes of mode=raw')


harness.run(main)
