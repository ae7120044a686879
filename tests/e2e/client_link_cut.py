#!/usr/bin/python3
"""The network goes for 5 to 60 s while numbered bytes flow both ways between com2net and net2pty: all of them
arrive, once and in order, and no line moves. Needs root."""

import os
import re
import subprocess
import sys
import threading
import time

import faraway
import harness
from harness import check, equal

CUTS = 5, 12, 25, 40, 60  # s
EACH = 0.01  # s between lines
LINE = 8  # bytes of a line

# writes numbered lines to the link and reads others, until a file is there; says how many it wrote, and
# which of those that it read was not the next one
PROGRAM = """
import os, select, sys, time, tty
link, stop = sys.argv[1:]
fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
tty.setraw(fd)
wrote, got, text, wrong = 0, 0, b'', ''
due = time.monotonic()
last = 0
while not last or time.monotonic() < last:
    if not last and os.path.exists(stop):
        last = time.monotonic() + 5
    if not last and time.monotonic() >= due and select.select([], [fd], [], 0)[1]:
        os.write(fd, b'c%06d\\\\n' % wrote)
        wrote += 1
        due += 0.01
    if select.select([fd], [], [], 0.002)[0]:
        text += os.read(fd, 4096)
    while b'\\\\n' in text:
        line, text = text.split(b'\\\\n', 1)
        if line != b'd%06d' % got and not wrong:
            wrong = f' wrong after {got}: {line}'
        got += 1
print(f'wrote {wrote} got {got}{wrong}', flush=True)
"""

CLIENT = f"""
import harness, subprocess, sys
client = harness.Net2pty(harness.temp('tty'), f'{{HOST}}:{{port}}')
client.says('connected')
print(harness.temp('stop'), flush=True)
run = subprocess.run(['/usr/bin/python3', '-c', '''{PROGRAM}''', client.link, harness.temp('stop')],
                     stdout=subprocess.PIPE, text=True)
print(run.stdout.strip(), flush=True)
print(client.status().replace(chr(10), '|'), flush=True)
client.stop()
print('ended', flush=True)
"""


class Board(threading.Thread):
    """The other end: writes numbered lines, and keeps what it gets."""

    def __init__(self, device):
        super().__init__(daemon=True)
        self.device, self.wrote, self.got = device, 0, b''
        self.speaks = self.stop = False

    def run(self):
        due = time.monotonic()
        while not self.stop:
            if not self.speaks:
                due = time.monotonic()
            elif time.monotonic() >= due:
                self.device.write(b'd%06d\n' % self.wrote)
                self.wrote += 1
                due += EACH
            self.got += harness.read_some(self.device.fd, 0.002)


def one(seconds):
    device = harness.Device()
    server = harness.Com2net(device.path, '0.0.0.0:0')
    board = Board(device)
    with faraway.client(CLIENT, server.port) as far:
        stop = far.says()
        board.start()
        harness.eventually(lambda: len(board.got) > 50 * LINE, 'lines flow')
        board.speaks = True  # the program has the link open, or it would be dropped
        harness.eventually(lambda: board.wrote > 50, 'lines flow back')
        far.pull_cable()
        time.sleep(seconds)
        far.plug_cable()
        if seconds > 10:  # before, it may be the same connection
            server.says(r'is back, and continues', 60)
        time.sleep(10)
        board.stop = True
        board.join()
        with open(stop, 'w', encoding='ascii'):
            pass
        said = far.says()
        status = far.says()
        equal(far.says(), 'ended', 'net2pty ends before its network does')
    board.got += device.quiet(0.5)
    match = re.fullmatch(r'wrote (\d+) got (\d+)', said)
    check(match, f'what the program read is in order: {said}')
    wrote, got = int(match[1]), int(match[2])
    equal(got, board.wrote, 'lines of the device that arrived')
    check(board.got == b''.join(b'c%06d\n' % i for i in range(wrote)), 'lines of the program arrived, each once')
    check('lost: 0 bytes' in status, f'nothing is said to be lost: {status}')
    equal(len(re.findall('open, ', server.log())), 1, 'how often the device was opened')
    server.stop()


def main():
    if len(sys.argv) > 1:
        one(float(sys.argv[1]))
        return
    runs = [subprocess.Popen([sys.executable, os.path.abspath(__file__), str(seconds)], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True) for seconds in CUTS]
    for seconds, run in zip(CUTS, runs):
        out = run.communicate()[0]
        if run.returncode == 77:
            print(out)
            sys.exit(77)
        equal(run.returncode, 0, f'the cut of {seconds} s: {out}')


harness.run(main)
