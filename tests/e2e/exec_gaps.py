#!/usr/bin/python3
"""The gaps that a program behind `--` leaves between changes of RTS are kept through a network with
20 ms of delay and 20 ms of jitter: within 5 ms for nine of ten."""

import sys

import clock
import harness
import lines_gaps
from harness import equal

TOGGLES = 120

PROGRAM = '''
import os, random, sys, time
import serial

port = serial.Serial(None)
port.port = sys.argv[1]
port.rts = False
port.open()
print('open', flush=True)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
for i in range(int(sys.argv[3])):
    print(time.monotonic())
    port.rts = i % 2 == 0
    time.sleep(random.choice((10, 20, 50, 100)) / 1000)
'''


def behind_exec(lateness):
    server = harness.Com2net('loop:,observers', '0')
    relay = harness.Relay(server.port, 20, 20)
    link, go = harness.temp(f'tty-{server.port}'), harness.temp(f'go-{server.port}')
    program = harness.Program([harness.under_test('net2pty', 'client'), '-q', link,
                               f'127.0.0.1:{relay.port}', '--', '/usr/bin/python3', '-c', PROGRAM,
                               link, go, TOGGLES])
    program.says('^open$')
    watcher = lines_gaps.Watcher(server.port)
    watcher.seen.clear()
    open(go, 'w').close()
    equal(program.wait(40), 0, 'exit status')
    near = [float(word) for word in program.log().split()[1:]]
    harness.eventually(lambda: len(watcher.seen) >= TOGGLES, f'{TOGGLES} changes at the far end')
    return lines_gaps.differences(watcher, near, lateness)


def main():
    harness.need_machine('seccomp_notification')
    harness.need_serial()
    clock.first()
    sys.setswitchinterval(0.0005)
    lines_gaps.are_kept('behind --', behind_exec)


harness.run(main)
