#!/usr/bin/python3
"""COMMAND hears each signal that it would hear in net2pty's place, once: when the terminal goes and net2pty is
its session's leader, when it is in the foreground of somebody else's session, without a terminal, as
process 1; those of the kernel, which are for one process or for a group, and real-time ones."""

import os
import pty
import signal
import subprocess
import sys

import harness
from harness import check, equal

MODES = '--lines=seccomp', '--lines=preload', '--lines=plain'

# says what it hears, and ends a while after the first signal that ends programs
COMMAND = """
import os, signal, sys, time
out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
end = []
def hear(number, frame):
    os.write(out, b'%d ' % number)
    if number != signal.SIGWINCH:
        end.append(time.monotonic() + 0.3)
for n in list(range(1, 32)) + [signal.SIGRTMIN + 3]:
    if n not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGCONT):
        signal.signal(n, hear)
os.write(out, b'ready ')
while not end or time.monotonic() < end[0]:
    time.sleep(0.02)
"""


class Stage:
    """net2pty with COMMAND, begun by `start` (argv), and what COMMAND has heard."""
    count = 0

    def __init__(self, server, mode):
        Stage.count += 1
        self.path = harness.temp(f'heard{Stage.count}')
        self.link = harness.temp(f'tty{Stage.count}')
        self.argv = [harness.under_test('net2pty', 'client'), '-q', mode, self.link,
                     f'127.0.0.1:{server.port}', '--', '/usr/bin/python3', '-c', COMMAND, self.path]

    def heard(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path) as f:
            return f.read().split()

    def ready(self):
        harness.eventually(lambda: 'ready' in self.heard(), 'the command is ready')
        return self

    def ends_with(self, number):
        harness.eventually(lambda: not os.path.lexists(self.link), f'{self.argv[2]}: net2pty ends')
        equal(self.heard(), ['ready', str(int(number))], f'{self.argv[2]}: what the command has heard')


def fork_in_terminal(*argv):
    """A process that leads the session of a terminal of its own."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    return pid, terminal


def processes_of(pid):
    with open(f'/proc/{pid}/task/{pid}/children') as f:
        for child in f.read().split():
            yield int(child)
            yield from processes_of(int(child))


def command_of(pid):
    for process in processes_of(pid):
        with open(f'/proc/{process}/cmdline', 'rb') as f:
            if f.read().startswith(b'/usr/bin/python3\0'):
                return process
    raise harness.Failed('the command runs')


def leader_loses_its_terminal(server, mode):
    stage = Stage(server, mode)
    pid, terminal = fork_in_terminal(*stage.argv)
    stage.ready()
    os.close(terminal)
    stage.ends_with(signal.SIGHUP)
    os.waitpid(pid, 0)


def leader_loses_its_terminal_while_stopped(server, mode):
    stage = Stage(server, mode)
    pid, terminal = fork_in_terminal(*stage.argv)
    stage.ready()
    os.kill(command_of(pid), signal.SIGSTOP)
    os.close(terminal)
    stage.ends_with(signal.SIGHUP)
    os.waitpid(pid, 0)


def leader_gets_keys(server, mode):
    stage = Stage(server, mode)
    pid, terminal = fork_in_terminal(*stage.argv)
    stage.ready()
    os.write(terminal, b'\x03')
    stage.ends_with(signal.SIGINT)
    os.waitpid(pid, 0)
    os.close(terminal)


def member_loses_its_terminal(server, mode):
    """Its session's leader is a shell: the kernel tells the foreground group itself."""
    stage = Stage(server, mode)
    words = ' '.join("'" + word.replace("'", "'\\''") + "'" for word in stage.argv)
    pid, terminal = fork_in_terminal('/bin/bash', '--norc', '-ic', f'set -m; {words}; sleep 100')
    stage.ready()
    os.kill(pid, signal.SIGKILL)
    stage.ends_with(signal.SIGHUP)
    os.waitpid(pid, 0)
    os.close(terminal)


def alone(server, mode):
    """Without a terminal: what one process is sent is for COMMAND, whoever sends it."""
    stage = Stage(server, mode)
    start = 'import os, signal, sys; signal.setitimer(signal.ITIMER_REAL, 3); os.execv(sys.argv[1], sys.argv[1:])'
    program = harness.Program([sys.executable, '-c', start, *stage.argv], start_new_session=True)
    program.expected = True
    stage.ready()
    stage.ends_with(signal.SIGALRM)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2,
                   signal.SIGPWR, signal.SIGRTMIN + 3):
        stage = Stage(server, mode)
        program = harness.Program(stage.argv, start_new_session=True)
        program.expected = True
        stage.ready()
        program.send_signal(number)
        stage.ends_with(number)


def process_1(server, mode):
    stage = Stage(server, mode)
    apart = [harness.need('unshare'), '--pid', '--fork', '--kill-child', '--mount-proc']
    if subprocess.run([*apart, 'true'], stderr=subprocess.DEVNULL).returncode != 0:
        return
    pid, terminal = fork_in_terminal(harness.need('unshare'), '--pid', '--fork', '--mount-proc', '/usr/bin/setsid',
                                     '--ctty', *stage.argv)
    stage.ready()
    os.write(terminal, b'\x03')
    stage.ends_with(signal.SIGINT)
    os.waitpid(pid, 0)
    os.close(terminal)

    stage = Stage(server, mode)
    program = harness.Program([harness.need('unshare'), '--pid', '--fork', '--mount-proc', *stage.argv])
    program.expected = True
    stage.ready()
    with open(f'/proc/{program.pid}/task/{program.pid}/children') as f:
        first = int(f.read())
    os.kill(first, signal.SIGTERM)
    stage.ends_with(signal.SIGTERM)


def main():
    harness.need_machine('seccomp_notification', 'ptrace')
    server = harness.Com2net('loop:', '0')
    for mode in MODES:
        leader_loses_its_terminal(server, mode)
        leader_loses_its_terminal_while_stopped(server, mode)
        leader_gets_keys(server, mode)
        member_loses_its_terminal(server, mode)
        process_1(server, mode)
    alone(server, MODES[0])
    check(server.running(), 'the server runs')


harness.run(main)
