#!/usr/bin/python3
"""The preload library under a stranger that has taken the name of its net2pty's socket: whatever that
answers, the program's memory is written where the request says, and no further."""

import os
import socket
import struct
import subprocess
import threading

import harness
from harness import equal

# TIOCMGET, which gives 4 bytes, at the beginning of more; what ioctl says and how many have changed
PROGRAM = '''
import ctypes, os, pty
libc = ctypes.CDLL(None, use_errno=True)
memory = ctypes.create_string_buffer(b'\\xa5' * 200, 200)
result = libc.ioctl(pty.openpty()[1], ctypes.c_ulong(0x5415), memory)
print(result, ctypes.get_errno() if result < 0 else 0, 200 - memory.raw.count(b'\\xa5'))
'''


def answer(listener, head, data):
    while True:
        try:
            peer = listener.accept()[0]
        except OSError:
            return
        peer.recv(4096)
        peer.sendall(head + data)
        peer.close()


def main():
    net2pty = harness.under_test('net2pty', 'client')
    library = os.path.join(os.path.dirname(net2pty), 'client', 'libnet2pty-preload.so')
    harness.built(library)
    for kind, result, size, said in ((4, 0, 4, '0 0 4'), (4, -5, 0, '-1 5 0'), (4, 0, 96, '-1 5 0'),
                                     (4, -5, 96, '-1 5 0'), (5, 0, 96, '-1 5 0'), (4, 0, 0, '-1 5 0'),
                                     (9, 0, 4, '-1 5 0'), (4, 0, 255, '-1 5 0')):
        listener = socket.socket(socket.AF_UNIX)
        name = f'net2pty-strange-{os.getpid()}-{kind}-{result}-{size}'
        listener.bind('\0' + name)
        listener.listen()
        head = struct.pack('>BBBBIi', kind, 0, size, 0, 1, result)
        threading.Thread(target=answer, args=(listener, head, b'x' * size), daemon=True).start()
        ran = subprocess.run(['/usr/bin/python3', '-c', PROGRAM], stdout=subprocess.PIPE, text=True,
                             env=dict(os.environ, LD_PRELOAD=library, NET2PTY_SOCKET='@' + name),
                             timeout=60)
        equal(ran.stdout.strip(), said, f'after an answer {kind} {result} with {size} bytes')
        listener.close()


harness.run(main)
