"""Time for tests on a machine that others use, too: what the machine is late is not the program's fault.

    now()       seconds that the machine has let us have, for limits. A thread counts steps of 10 ms.
                A step that took longer counts no more, and where more processes want to run than
                there are processors it counts as much less. Without neighbours this is the real time.
    Lateness    when the machine was late, and by how much, for measurements of some ms. A process of
                its own wants to wake each ms, and says when it could not.
    sleep(s)    until that many seconds of this time have passed: for what has no sign to wait for
    first()     lets this process, and those that it starts, run before all others where that is
                allowed, so that neighbours do not disturb such a measurement.

Only limits are in this time. That something does not come too early is in real time: a machine that
is late cannot make it come early.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time

STEP_S = 0.01

_now = 0.0
_thread = None


def _share():
    """Which part of the processors one of those that want to run gets."""
    try:
        with open('/proc/loadavg') as f:
            running = int(f.read().split()[3].split('/')[0])
    except (OSError, ValueError, IndexError):  # as in sandboxes with a /proc of their own
        return 1
    return min(1, len(os.sched_getaffinity(0)) / max(1, running))


def _count():
    global _now
    before = time.monotonic()
    while True:
        time.sleep(STEP_S)
        after = time.monotonic()
        # a sleep is always some time late, by which this clock is not to differ
        _now += min(after - before, 1.2 * STEP_S) * _share()
        before = after


def now():
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_count, daemon=True)
        _thread.start()
    return _now


def sleep(seconds):
    end = now() + seconds
    while now() < end:
        time.sleep(STEP_S / 2)


class Limit:
    """That many seconds of this time, from now on."""

    def __init__(self, seconds):
        self.end = now() + seconds

    def left(self):
        return max(0, self.end - now())

    def nap(self):
        """How long to wait for something at most before the limit is looked at again."""
        return min(self.left(), 0.1)


class Lateness:
    PROGRAM = '''
import time
while True:
    due = time.monotonic() + 0.001
    time.sleep(0.001)
    woke = time.monotonic()
    if woke - due > 0.001:
        print(due, woke, flush=True)
'''

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, '-c', self.PROGRAM], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, text=True)
        self.known = []  # (from, to), in time.monotonic(), which is one for all processes
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.known.append(tuple(map(float, line.split())))

    def between(self, begin, end):
        """The seconds that it was late in this span of time."""
        return sum(max(0, min(to, end) - max(since, begin)) for since, to in self.known)

    def times(self, begin, least):
        """How often since then it was late by at least so many seconds."""
        return sum(1 for since, to in self.known if since >= begin and to - since >= least)

    def close(self):
        self.process.kill()
        self.process.wait()


def first():
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
