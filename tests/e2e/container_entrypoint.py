#!/usr/bin/python3
"""net2pty as a container's ENTRYPOINT, process 1: it passes SIGTERM on, leaves no zombie, ends with the
command's status, and the rest of the container with it. docker exec starts another one."""

import fcntl
import os
import subprocess

import harness
import places
from harness import check, equal, eventually

# Prints how many orphans, each a timeout(1), are left, be it as zombies.
ORPHANS_LEFT = '''
for turn in $(seq 250); do
    left=$(grep -lsx timeout /proc/[0-9]*/comm | wc -l)
    [ "$left" -eq 0 ] && break
    sleep 0.02
done
echo "left: $left"
'''

ECHO = '''
import sys
import serial
port = serial.Serial(sys.argv[1], 115200, timeout=60)
port.write(b'bytes and speed')
sys.exit(0 if port.read(15) == b'bytes and speed' else 'they do not come back')
'''

LINES = '''
import sys, time
import serial
port = serial.Serial(sys.argv[1], 115200, parity='E', timeout=60)
limit = time.monotonic() + 60
port.rts = False
while port.cts or not port.dsr:
    if time.monotonic() > limit:
        sys.exit('lines do not follow')
    time.sleep(0.005)
sys.exit(7)
'''


def run_in(place, *command):
    """What docker exec does: a process that process 1 has not started."""
    return subprocess.run(place.runc('exec', place.id, *command), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)


def statuses(place, link, where):
    for script, status in ('exit 0', 0), ('exit 42', 42), ('kill -TERM $$', 143):
        place.run(link, where, '--', 'sh', '-c', script, status=status)
    place.run(link, where, '--', '/nonexistent', status=127)
    said = place.run('--wait', '0.3', link, place.at(1), '--', 'true', status=3)
    check('not connected within 0.3 s' in said, 'why it ended is said')


def signal_is_passed_on(place, link, where):
    program = place.start([link, where, '--', 'sh', '-c',
                           'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'])
    program.says('^ready')
    stop(place)
    equal(program.wait(), 9, 'status of the command that SIGTERM has reached')


def orphans_are_taken(place, link, where):
    """The command's, and those of a process that came from outside."""
    said = place.run(link, where, '--', 'sh', '-c',
                     f'for i in 1 2 3 4 5; do (timeout 0.1 sleep 9 &); done; {ORPHANS_LEFT}')
    check('left: 0' in said, f'the orphans of the command: {said}')

    program = place.start([link, where, '--', 'sh', '-c', 'trap "exit 9" TERM; echo ready; '
                           'while :; do sleep 0.05; done'])
    program.says('^ready')
    orphans_of_others(place)
    stop(place)
    equal(program.wait(), 9, 'status')


def serving_alone(place, link, where):
    """Without a command, for the programs that docker exec starts."""
    program = place.start([link, where])
    program.says('connected to')
    orphans_of_others(place)
    got = run_in(place, '/usr/bin/python3', '-c', ECHO, link)
    equal(got.returncode, 0, f'a program that docker exec starts: {got.stdout}')
    got = run_in(place, place.net2pty, 'exec', link, '--', '/usr/bin/python3', '-c', LINES, link)
    equal(got.returncode, 7, f'net2pty exec that docker exec starts: {got.stdout}')
    other = harness.Com2net('loop:', place.listen)
    link = place.link('ttyS6')
    got = run_in(place, place.net2pty, link, place.at(other.port), '--', '/usr/bin/python3', '-c',
                 LINES, link)
    equal(got.returncode, 7, f'net2pty that docker exec starts: {got.stdout}')
    stop(place)
    equal(program.wait(), 0, 'status')


def orphans_of_others(place):
    got = run_in(place, 'sh', '-c', 'timeout 0.1 sleep 9 & timeout 0.2 sleep 9 & echo started')
    check('started' in got.stdout, f'a second process can be started: {got.stdout}')
    got = run_in(place, 'sh', '-c', ORPHANS_LEFT)
    check('left: 0' in got.stdout, f'the orphans of others: {got.stdout}')


def stop(place):
    subprocess.run(place.runc('kill', place.id, 'TERM'), check=True)


def the_rest_ends(place, link, where):
    lock = harness.temp(f'{place.name}-lock')
    with open(lock, 'w') as f:
        os.chmod(lock, 0o666)
        program = place.start([link, where, '--', 'sh', '-c',
                               'mkfifo "$1"; setsid flock "$0" sh -c "echo held; echo >\\"$1\\"; '
                               'sleep 1000" & read -r line <"$1"; exit 5', lock,
                               harness.temp(f'{place.name}-fifo')])
        equal(program.wait(), 5, 'status of a command that leaves something behind')
        check('held' in program.log(), 'something was left behind')

        def free():
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True
        eventually(free, 'what was left behind has ended')


def main():
    harness.need_serial()
    places.own_namespaces()
    os.chmod(harness.temp(), 0o777)
    for place in places.containers():
        server = harness.Com2net('loop:', place.listen)
        for step in statuses, signal_is_passed_on, orphans_are_taken, serving_alone, \
                the_rest_ends:
            step(place, place.link(), place.at(server.port))


harness.run(main)
