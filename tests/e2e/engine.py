"""What the scripts with container engines share: podman over runc, with this machine's programs as its
image, and a folder of CDI files of its own."""

import os
import subprocess

import harness
import places

FILES = '/run/cdi'  # in the script's own /run


def begin():
    """Before anything else: in namespaces that end with the script. Needs root, podman and runc."""
    harness.need('podman')
    places.own_namespaces()
    subprocess.run(['mount', '-t', 'tmpfs', 'none', '/run'], check=True)
    os.makedirs(FILES)
    with open(harness.temp('containers.conf'), 'w', encoding='ascii') as f:
        f.write('[containers]\ndefault_ulimits = []\n')


def podman(*words):
    store = harness.temp('store')
    return ['podman', '--root', f'{store}/root', '--runroot', f'{store}/run', '--storage-driver', 'vfs',
            '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', '--runtime', 'runc', *words]


def words(*options, name=None, root='/', image=None, program=()):
    """A command line of podman's, for a container as nobody, without capabilities, whose root is only read: of
    an image, or of a folder of this machine."""
    front = podman('run', '--rm', '--network=host', '--ulimit', 'host', '--user', '65534', '--cap-drop', 'ALL',
                   '--read-only', '--read-only-tmpfs=false')
    if name:
        front += ['--name', name]
    return [*front, *options, *([image] if image else ['--rootfs', f'{root}:O']), *program]


def kill(name):
    subprocess.run(podman('kill', name), env=environment(), check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, timeout=harness.LIMIT)


def environment():
    return dict(os.environ, CONTAINERS_CONF=harness.temp('containers.conf'))


def run(devices, *program, options=(), root='/', image=None):
    """Runs a program in a container with these devices: its status, and what it said."""
    line = words(*options, *(word for device in devices for word in ('--device', device)), root=root,
                 image=image, program=program)
    done = subprocess.run(line, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace', timeout=harness.LIMIT, check=False)
    return done.returncode, done.stdout
