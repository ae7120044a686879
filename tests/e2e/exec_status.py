#!/usr/bin/python3
"""net2pty -- COMMAND ends with COMMAND's status, and with statuses of its own where COMMAND cannot run;
signals reach COMMAND; what it leaves in the background neither holds the shell nor loses its port."""

import os
import signal

import harness
from harness import check, equal


def main():
    harness.need_machine('seccomp_notification')
    server = harness.Com2net('loop:', '0')
    where = f'127.0.0.1:{server.port}'
    link = harness.temp('tty')

    for script, status in ('exit 0', 0), ('exit 42', 42), ('kill -TERM $$', 143):
        equal(status_of(link, where, 'sh', '-c', script), status, script)
    for turn in range(3):
        equal(status_of('--lines=plain', link, where, 'sh', '-c', 'exit 6'), 6, 'status without lines')
    equal(status_of(link, where, '/nonexistent'), 127, 'a command that is not there')
    equal(status_of(link, where, '/etc/passwd'), 126, 'a command that cannot be run')
    equal(status_of(link, '127.0.0.1:1', 'true', wait='0.3'), 3, 'no server within --wait')

    program = start(link, where, 'sh', '-c', f'exec 3<>{link}; sleep 0.1; exit 4')
    equal(program.wait(10), 4, 'status of a command that has the link open at its end')
    check(not os.path.lexists(link), 'the link is gone when the status is known')
    check('a new terminal' not in program.log(), f'nothing is made anew: {program.log()}')

    program = start(link, where, 'sh', '-c', 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done')
    program.says('^ready')
    program.process.send_signal(signal.SIGTERM)
    equal(program.wait(10), 9, 'SIGTERM reaches COMMAND')

    program = start(link, where, 'sh', '-c',
                    f'trap "stty -F {link} >/dev/null && exit 9" TERM; echo $PPID; '
                    'while :; do sleep 0.05; done')
    supervisor = int(program.says(r'^(\d+)$').group(1))
    os.kill(supervisor, signal.SIGTERM)
    equal(program.wait(10), 9, 'sent to every process it leaves COMMAND its port')

    out, gate = harness.temp('background'), harness.temp('gate')
    program = start(link, where, 'sh', '-c', f'(until [ -e {gate} ]; do sleep 0.05; done; '
                    f'stty -F {link} >/dev/null && echo served >{out}) & exit 5')
    equal(program.wait(10), 5, 'status with something left in the background, which is not waited for')
    open(gate, 'w').close()
    harness.eventually(lambda: os.path.exists(out) and open(out).read() == 'served\n',
                       'the background still has its port', 5)
    harness.eventually(lambda: not os.path.lexists(link), 'the link goes when all have gone', 5)


def start(*words, wait=None):
    """Options, link and server, then the command."""
    at = next(i for i, word in enumerate(words) if ':' in word) + 1
    program = harness.Program([harness.under_test('net2pty', 'client'),
                               *(['--wait', wait] if wait else []), *words[:at], '--', *words[at:]])
    program.expected = True
    return program


def status_of(*arguments, **options):
    return start(*arguments, **options).wait(10)


harness.run(main)
