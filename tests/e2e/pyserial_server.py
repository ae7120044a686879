#!/usr/bin/python3
"""net2pty against the server half of pyserial (PortManager) over its loop:// port."""

import socket
import subprocess
import threading
import time

import harness
from harness import equal, eventually


class Redirector:
    """pyserial's examples/rfc2217_server.py, for one client and with a port that we look into."""

    def __init__(self, serial):
        self.port = serial.serial_for_url('loop://', timeout=0.2)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.number = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.manager_of = serial.rfc2217.PortManager
        threading.Thread(target=self.serve, daemon=True).start()

    def write(self, data):
        with self.lock:
            self.sock.sendall(data)

    def serve(self):
        self.sock = self.listener.accept()[0]
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.manager = self.manager_of(self.port, self)
        threading.Thread(target=self.from_port, daemon=True).start()
        threading.Thread(target=self.poll, daemon=True).start()
        while True:
            data = self.sock.recv(1024)
            if not data:
                return
            self.port.write(b''.join(self.manager.filter(data)))

    def from_port(self):
        while True:
            data = self.port.read(self.port.in_waiting or 1)
            if data:
                self.write(b''.join(self.manager.escape(data)))

    def poll(self):
        while True:
            time.sleep(0.2)
            self.manager.check_modem_lines()


def main():
    serial = harness.need_serial()
    server = Redirector(serial)
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.number}')
    link = harness.open_link(client.link)
    # loop:// drops what does not fit into 4 KiB, so the pieces are small
    for block in range(16):
        piece = harness.BULK[block * 1024:(block + 1) * 1024]
        harness.same(harness.pump(link, piece, link, len(piece)), piece, f'piece {block}')
    for speed in 19200, 57600:
        subprocess.run(['stty', '-F', client.link, str(speed), 'cstopb'], check=True)
        eventually(lambda: server.port.baudrate == speed, f'pyserial is at {speed}')
    eventually(lambda: server.port.stopbits == 2, 'pyserial has two stop bits')
    equal(harness.read_some(link, 0.3), b'', 'left over at the link')


harness.run(main)
