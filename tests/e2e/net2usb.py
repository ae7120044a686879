"""What the net2usb scripts share: the program, and servers by hand that may misbehave."""

import os
import shutil
import socket
import struct
import subprocess
import threading
import time

import harness


def program():
    found = harness.under_test('net2usb', 'client')
    harness.built(f'{os.path.dirname(found)}/lib/net2usb/libusb-1.0.so.0',
                  'a build that has the sources of libusb')
    return found


def installed():
    """The program in a prefix that all places see: bin/net2usb and lib/net2usb."""
    prefix = harness.temp('prefix')
    if not os.path.isdir(prefix):
        built = os.path.dirname(program())
        os.makedirs(f'{prefix}/bin')
        shutil.copy(program(), f'{prefix}/bin')
        shutil.copytree(f'{built}/lib/net2usb', f'{prefix}/lib/net2usb')
        for folder, _, _ in os.walk(prefix):
            os.chmod(folder, 0o755)
    return f'{prefix}/bin/net2usb'


def net2usb(*words, timeout=120, **environment):
    """Runs it: its status, and what it says on standard output and error."""
    done = subprocess.run([program(), *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout, errors='replace',
                          env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


class Server:
    """Answers each connection by a function, which is given it after 8 bytes have come; with
    `codes` also what is asked, otherwise only lists."""

    def __init__(self, answer, codes=False):
        self.socket = socket.socket()
        self.socket.bind(('127.0.0.1', 0))
        self.socket.listen(8)
        self.port = self.socket.getsockname()[1]
        self.host = f'127.0.0.1:{self.port}'
        self.answer, self.codes = answer, codes
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client):
        try:
            code = struct.unpack('>HHI', client.recv(8))[1]
            if self.codes:
                self.answer(client, code)
            elif code == 0x8005:  # others are not known here
                self.answer(client)
            client.close()
        except OSError:
            pass


def record(busid, interfaces=1, mark=b''):
    path = b'/sys/devices/' + busid.encode()
    path = path.ljust(244, b'\0') + mark.ljust(12, b'\0')
    return (path + busid.encode().ljust(32, b'\0')
            + struct.pack('>IIIHHHBBBBBB', 1, 2, 3, 0x0403, 0x6001, 0x600, 0, 0, 0, 1, 1, interfaces)
            + b'\xff\xff\xff\0' * interfaces)


def listing(*busids, count=None):
    return (struct.pack('>HHII', 0x111, 5, 0, len(busids) if count is None else count)
            + b''.join(record(b) for b in busids))


def sleeps(client):
    time.sleep(60)
