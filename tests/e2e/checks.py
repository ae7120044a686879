"""What a script says of what it found: checks, failures, patience, data to compare, and a folder for its files."""

import os
import shutil
import tempfile
import time

import clock

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 30  # seconds of clock.py that one waits for what comes at once on an idle machine
LIMIT = 600  # seconds that any script may take

ALL_BYTES = bytes(range(256))
# All values, in an order that a lost or doubled chunk of any round size disturbs.
BULK = b''.join(bytes((value * 7 + block) & 255 for value in range(257))
                for block in range(1021))[:256 * 1024]

_temp = None


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def skip(why):
    raise Skipped(why)


def check(condition, what):
    """An assertion that says what was expected."""
    if not condition:
        raise Failed(what)


def equal(got, wanted, what):
    if got != wanted:
        raise Failed(f'{what}: got {shorten(got)}, wanted {shorten(wanted)}')


def shorten(value):
    text = repr(value)
    return text if len(text) < 200 else f'{text[:150]}... ({len(value)} long)'


def temp(name=''):
    """A path in the directory that the end of the script removes."""
    global _temp
    if _temp is None:
        _temp = tempfile.mkdtemp(prefix='com2net-e2e.')
    return os.path.join(_temp, name)


def remove_temp():
    if _temp:
        shutil.rmtree(_temp, ignore_errors=True)


def eventually(condition, what, timeout=PATIENCE, every=0.01):
    """Waits until condition() gives something true, and returns that. Limits are in clock.py's time:
    what the machine is late does not count."""
    limit = clock.Limit(timeout)
    while True:
        value = condition()
        if value:
            return value
        if not limit.left():
            raise Failed(f'{what}: not within {timeout} s')
        time.sleep(every)


def same(got, wanted, what):
    """Compares bulk data, and says where it differs."""
    if got == wanted:
        return
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
    raise Failed(f'{what}: {len(got)} bytes, wanted {len(wanted)}; differs at {at}: '
                 f'{got[at:at + 8].hex(" ")} instead of {wanted[at:at + 8].hex(" ")}')
