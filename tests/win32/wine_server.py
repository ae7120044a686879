"""The wineserver of the tests: one for all of them, which `wine_session` starts and stops.

It is no session leader: one that is would make the first PTY it opens its controlling terminal, and be
hung up with it. Wine 8's ends now and then with an assertion of its own (sock_get_poll_events), which is
no fault of ours: the next test starts another one.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import time

import harness
import wine

SESSION = os.path.join(wine.FOLDER, 'session')  # the process numbers of its wineserver and its ctest
SERVER_LOG = os.path.join(wine.FOLDER, 'wineserver.log')  # what it said, and how it ended


def is_running(pid, name):
    try:
        with open(f'/proc/{pid}/stat') as f:
            comm, state = re.match(r'\d+ \((.*)\) (.)', f.read()).groups()
            return comm.startswith(name) and state != 'Z'
    except OSError:
        return False


def our_ctest():
    """The ctest that has started us; 0 if it was somebody else."""
    return os.getppid() if is_running(os.getppid(), 'ctest') else 0


def session():
    try:
        with open(SESSION) as f:
            return tuple(map(int, f.read().split()))
    except FileNotFoundError:
        return 0, 0


def note(server_pid, ctest):
    with open(SESSION + '.new', 'w') as f:
        f.write(f'{server_pid} {ctest}')
    os.rename(SESSION + '.new', SESSION)


def take_turn():
    """Waits until no other ctest has a session here, and takes it."""
    waits = False
    while True:
        with open(SESSION + '.lock', 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            other = session()[1]
            if other in (0, our_ctest()) or not is_running(other, 'ctest'):
                note(0, our_ctest())
                return
        if not waits:
            print(f'waits for the other ctest here, process {other}', flush=True)
        waits = True
        time.sleep(1)


def server():
    for path in '/usr/lib/wine/wineserver64', '/usr/lib/wine/wineserver':
        if os.path.exists(path):
            return path
    return shutil.which('wineserver')


def made_since(begin, path):
    try:
        return os.stat(path).st_ctime > begin - 0.1  # files have the time of a tick
    except OSError:
        return False


def watch_server(ctest):
    """Of a process of its own, which outlives `wine_session start`: runs the server to its end."""
    os.setpgrp()
    with open(SERVER_LOG, 'ab', buffering=0) as log, open(os.devnull, 'r+b') as nothing:
        for fd, to in (0, nothing), (1, log), (2, log):
            os.dup2(to.fileno(), fd)
        preload = dict(wine.environment(lines=True), PTY_LINES=wine.REFUSALS)
        process = subprocess.Popen([server(), '-f', '-p'], env=preload)
        note(process.pid, ctest)
        log.write(f'ended with status {process.wait()}\n'.encode())


def server_said():
    with contextlib.suppress(FileNotFoundError), open(SERVER_LOG, errors='replace') as f:
        return f.read()[-2000:]
    return ''


def start_server(ctest):
    begin = time.time()
    note(0, ctest)
    watcher = os.fork()
    if watcher == 0:
        try:
            watch_server(ctest)
        finally:
            os._exit(0)
    # a program that comes before its socket would start a server of its own
    while not made_since(begin, f'/proc/{session()[0]}/cwd/socket'):
        if os.waitpid(watcher, os.WNOHANG)[0] != 0 or time.time() > begin + 300:
            raise harness.Failed(f'wineserver does not start: {server_said()}')
        time.sleep(0.01)


def stop_server():
    subprocess.run([server(), '-k'], env=wine.environment(), check=False)
    subprocess.run([server(), '-w'], env=wine.environment(), check=False, timeout=300)
    # now and then some of its services outlive it
    for pid, name in wine.processes():
        if name.startswith('C:\\windows'):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def revive():
    """Before a test: where the session's server has ended by itself, another one takes its place, and
    that of those that programs have started for themselves since."""
    pid, ctest = session()
    if pid != 0 and not is_running(pid, 'wineserver') and died_by_itself():
        stop_server()
        start_server(ctest)


def died_by_itself():
    """Whether Wine's own check of itself has ended it."""
    return 'Assertion' in server_said()
