"""A client on a machine of its own, as far as TCP can tell: a network namespace behind a cable that
can be pulled. Needs root.

    with faraway.client(CODE, port) as far:
        far.says()          the next line that it has printed
        far.pull_cable()    and nobody hears of anybody any more,
    far.plug_cable()    or again

CODE is Python; it runs with tests/e2e in its path, and `port` and `HOST` to connect to.
"""

import contextlib
import os
import subprocess
import sys

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
# several tests may run at a time, each with a network of its own: 10.221.0.0/16 in parts of four
NETWORK = os.getpid() % (1 << 14)
HOST, FAR_HOST = (f'10.221.{NETWORK >> 6}.{(NETWORK & 63) << 2 | i}' for i in (1, 2))
PREAMBLE = 'import sys; sys.path.insert(0, sys.argv[1]); port = int(sys.argv[2]); HOST = sys.argv[3]\n'


def ip(*words):
    subprocess.run(['ip', *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Client:
    def __init__(self, process, cable):
        self.process = process
        self.cable = cable

    def says(self):
        return self.process.stdout.readline().decode().rstrip('\n')

    def pull_cable(self):
        ip('link', 'set', self.cable, 'down')

    def plug_cable(self):
        ip('link', 'set', self.cable, 'up')


@contextlib.contextmanager
def network():
    """The name of the namespace, and that of our end of the cable."""
    harness.need('ip')
    harness.need_machine('network_namespace')
    name = f'com2net{os.getpid()}'
    ours, theirs = f'c2n{os.getpid()}a', f'c2n{os.getpid()}b'
    try:
        ip('netns', 'add', name)
        ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', name)
    except subprocess.CalledProcessError as error:
        subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL)
        raise harness.Failed(f'no cable: {error.stdout.decode().strip()}') from None
    try:
        ip('addr', 'add', f'{HOST}/30', 'dev', ours)
        ip('link', 'set', ours, 'up')
        ip('-n', name, 'addr', 'add', f'{FAR_HOST}/30', 'dev', theirs)
        ip('-n', name, 'link', 'set', theirs, 'up')
        yield name, ours
    finally:
        subprocess.run(['ip', 'link', 'del', ours], stderr=subprocess.DEVNULL)
        subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def client(code, port):
    with network() as (name, cable):
        process = subprocess.Popen(['ip', 'netns', 'exec', name, sys.executable, '-c', PREAMBLE + code,
                                    HERE, str(port), HOST], stdout=subprocess.PIPE)
        try:
            yield Client(process, cable)
        finally:
            process.kill()
            process.wait()
