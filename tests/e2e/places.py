"""Where the exec_ scripts run `net2pty ... -- COMMAND`: here; as nobody; or, with the argument
`--containers`, in containers as Docker and Podman make them by default, by runc.

A script defines test(place) and ends with places.run(test). A place has

    listen              the ADDRESS:PORT for a server
    at(port)            the HOST:PORT that a client reaches it by
    link(name)          where a link can be made
    net2pty             the path of net2pty
    uid                 who runs it
    other               a program to run in place of net2pty, or None
    start(words)        runs net2pty with these words
    terminal(words)     the same on a terminal
    run(*words)         runs net2pty to its end; its log
    ended(program)      waits for its end; both want status 0 if not told otherwise; None: any

harness.temp() is the same directory in all of them.

Containers are made in network, process and mount namespaces of the script's own, so that nothing of
them is left, however it ends. Each has a network of its own besides, and the server is on the other
side of a veth pair.
"""

import json
import os
import subprocess
import sys

import harness

sys.path.append(os.path.join(harness.TREE, 'tests', 'container'))

import seccomp_profile  # noqa: E402

NOBODY = 65534
SUBORDINATE = 100000  # who root of a user namespace is outside


class Here:
    def __init__(self):
        self.name = 'here'
        self.uid = os.getuid()
        self.listen = '127.0.0.1:0'
        self.net2pty = harness.under_test('net2pty', 'client')
        self.other = None  # a program to run in place of net2pty
        self.prefix = []

    def at(self, port):
        return f'127.0.0.1:{port}'

    def link(self, name='ttyS5'):
        return harness.temp(f'{self.name}-{name}')

    def command(self, words, terminal):
        if not self.other:
            harness.need_machine('seccomp_notification')
        return [*self.prefix, self.other or self.net2pty, *words]

    def start(self, words, make=harness.Program):
        program = make(self.command(words, make is harness.Terminal))
        program.expected = True  # to end as COMMAND does
        return program

    def terminal(self, words):
        return self.start(words, harness.Terminal)

    def run(self, *words, **options):
        program = self.start(words)
        self.ended(program, **options)
        return program.log()

    def ended(self, program, status=0, timeout=40):
        got = program.wait(timeout)
        harness.check(status is None or got == status,
                      f'{self.name}: exit status {got}, wanted {status}; it said: '
                      f'{program.log()[-3000:]}')


class Nobody(Here):
    """Without a capability; needs root."""

    def __init__(self):
        super().__init__()
        self.name = 'nobody'
        self.uid = NOBODY
        self.prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
                       '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs']


# What Docker 20.10 gives and hides by default (oci/caps/defaults.go and oci/defaults.go there); later
# versions, Podman and Kubernetes give no more.
CAPABILITIES = [f'CAP_{name}' for name in (
    'CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP',
    'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE')]
MASKED = ['/proc/asound', '/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats',
          '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi',
          '/sys/firmware']
READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
MOUNTS = [
    ('/proc', 'proc', 'proc', ['nosuid', 'noexec', 'nodev']),
    ('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    ('/dev/pts', 'devpts', 'devpts',
     ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    ('/sys', 'sysfs', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
    ('/dev/mqueue', 'mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    ('/dev/shm', 'tmpfs', 'shm', ['nosuid', 'noexec', 'nodev', 'mode=1777']),
]

# Joins a container that is being made to the script's network; $1 is its number.
JOIN_NETWORK = r'''
pid=$(sed 's/.*"pid": *\([0-9]*\).*/\1/')
ip link del "veth$1" 2>/dev/null || :   # of the container before, whose network takes its time to go
ip link add "veth$1" type veth peer name eth0 netns "$pid"
ip addr add "10.0.$1.1/24" dev "veth$1"
ip link set "veth$1" up
nsenter --net="/proc/$pid/ns/net" sh -c "ip addr add 10.0.$1.2/24 dev eth0; ip link set eth0 up"
'''


class Container(Here):
    """A container in which net2pty is process 1. `profile` is docker or containers; uid 0 has
    Docker's default capabilities, any other none at all (--cap-drop ALL), and can write in /tmp only
    (--read-only --tmpfs /tmp)."""

    made = 0

    def __init__(self, profile, uid, no_new_privileges=False, user_namespace=False):
        super().__init__()
        self.name = f'{profile}-{uid}'
        self.profile = profile
        self.uid = uid
        self.no_new_privileges = no_new_privileges
        self.user_namespace = user_namespace
        self.capabilities = CAPABILITIES if uid == 0 else []
        self.listen = '0.0.0.0:0'
        Container.made += 1
        self.number = Container.made
        self.runs = 0
        self.net2pty = '/opt/net2pty'
        self.bundle = harness.temp(f'bundle-{self.name}')
        self.root = os.path.join(self.bundle, 'root')
        self._make_root()

    def at(self, port):
        return f'10.0.{self.number}.1:{port}'

    def link(self, name='ttyS5'):
        return f'/dev/{name}' if self.uid == 0 else f'/tmp/{name}'

    def runc(self, *words):
        return [harness.need('runc'), '--root', harness.temp('runc'), *words]

    def command(self, words, terminal):
        """Each time a new container, one at a time."""
        self.runs += 1
        # process ids are those of a namespace; two containers of one name would share their cgroup
        self.id = f'{os.path.basename(harness.temp().rstrip("/"))}-{self.number}-{self.runs}'
        harness.at_end(lambda name=self.id: self._delete(name))
        self._write_config([*self.prefix, self.other or self.net2pty, *map(str, words)], terminal)
        # runc itself gives up on a cgroup that is busy for longer than 0.3 s, and fails: we delete it
        return self.runc('run', '--keep', '--bundle', self.bundle, self.id)

    def _delete(self, name):
        def deleted():
            return not os.path.exists(harness.temp(f'runc/{name}')) or subprocess.run(
                self.runc('delete', '--force', name), stderr=subprocess.DEVNULL).returncode == 0
        harness.eventually(deleted, f'the container {name} is deleted', every=0.1)

    def _make_root(self):
        """A small system: our program, the host's /usr, and little else."""
        for name in 'dev', 'etc', 'opt', 'proc', 'root', 'sys', 'tmp', 'usr':
            os.makedirs(os.path.join(self.root, name))
        os.chmod(os.path.join(self.root, 'tmp'), 0o1777)
        for name in 'bin', 'lib', 'lib32', 'lib64', 'sbin':
            if os.path.islink(f'/{name}'):
                os.symlink(f'usr/{name}', os.path.join(self.root, name))
        with open(os.path.join(self.root, 'etc/passwd'), 'w') as f:
            f.write('root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n')
        with open(os.path.join(self.root, 'etc/group'), 'w') as f:
            f.write('root:x:0:\ntty:x:5:\nnogroup:x:65534:\n')
        if self.user_namespace:
            subprocess.run(['chown', '-R', f'{SUBORDINATE}:{SUBORDINATE}', self.bundle], check=True)

    def _write_config(self, words, terminal):
        bound = {'/usr': 'ro', harness.temp().rstrip('/'): 'rw'}
        for path in '/etc/alternatives', '/etc/avrdude.conf':
            if os.path.exists(path):
                bound[path] = 'ro'
        mounts = [{'destination': to, 'type': kind, 'source': source, 'options': options}
                  for to, kind, source, options in MOUNTS]
        if self.uid != 0:
            mounts.append({'destination': '/tmp', 'type': 'tmpfs', 'source': 'tmpfs',
                           'options': ['nosuid', 'nodev', 'mode=1777']})
        mounts += [{'destination': path, 'type': 'bind', 'source': path, 'options': ['rbind', how]}
                   for path, how in bound.items()]
        mounts += [{'destination': self.net2pty, 'type': 'bind', 'options': ['bind', 'ro'],
                    'source': os.path.abspath(harness.under_test('net2pty', 'client'))}]
        sets = ['bounding', 'permitted', 'effective'] if self.uid == 0 else ['bounding']
        environment = [f'{name}={value}' for name, value in os.environ.items()
                       if name.startswith(('ASAN_', 'UBSAN_', 'LSAN_'))]
        config = {
            'ociVersion': '1.0.2',
            'process': {
                'terminal': terminal,
                'user': {'uid': self.uid, 'gid': self.uid},
                'args': words,
                'env': ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
                        'HOME=' + ('/root' if self.uid == 0 else '/tmp'), 'LC_ALL=C', 'TERM=vt100',
                        'PYTHONDONTWRITEBYTECODE=1', *environment],
                'cwd': '/',
                'capabilities': {name: self.capabilities for name in sets},
                'noNewPrivileges': self.no_new_privileges,
            },
            'root': {'path': self.root, 'readonly': self.uid != 0},
            'hostname': 'container',
            'mounts': mounts,
            'hooks': {'createRuntime': [{'path': '/bin/sh', 'args': [
                'sh', '-ec', JOIN_NETWORK, 'sh', str(self.number)],
                'env': ['PATH=' + os.environ.get('PATH', '') + ':/usr/sbin:/sbin']}]},
            'linux': {
                'namespaces': [{'type': kind} for kind in ('mount', 'network', 'uts', 'pid', 'ipc')],
                'resources': {'devices': [{'allow': False, 'access': 'rwm'}]},
                'maskedPaths': MASKED,
                'readonlyPaths': READ_ONLY,
                'seccomp': seccomp_profile.converted(profile(self.profile), self.capabilities),
            },
        }
        if self.user_namespace:
            mapping = [{'containerID': 0, 'hostID': SUBORDINATE, 'size': 65536}]
            config['linux'].update(uidMappings=mapping, gidMappings=mapping)
            config['linux']['namespaces'].append({'type': 'user'})
        with open(os.path.join(self.bundle, 'config.json'), 'w') as f:
            json.dump(config, f, indent=1)


def check_serial_program(place, name, *compiler):
    """Compiles serial_program.c and runs it behind net2pty; what it says in the end."""
    program = harness.temp(name)
    source = os.path.join(harness.TREE, 'tests', 'e2e', 'serial_program.c')
    if not os.path.exists(program):
        subprocess.run([*compiler, '-std=c11', '-Wall', '-Wextra', '-Wshadow', '-Wconversion',
                        '-Wmissing-prototypes', '-Werror', '-pthread', '-o', program, source],
                       check=True)
    far, link = harness.FarPort(place.listen), place.link(name)
    said = place.run(link, place.at(far.port), '--', 'sh', '-c', '"$0" "$1"; exit $?', program, link)
    for command in 'BAUDRATE 57600', 'DATASIZE 7', 'PARITY even', 'STOPSIZE 2':
        harness.check(f'< SET-{command}\n' in far.server.log(), f'{name}: the server is at {command}')
    return said


def profile(name):
    """Docker's default seccomp profile, or that of Podman, Buildah and CRI-O."""
    fetch = os.path.join(harness.TREE, 'tests', 'container', 'fetch-profile')
    found = subprocess.run([fetch, '--cached', name], stdout=subprocess.PIPE, text=True)
    if found.returncode != 0:
        harness.absent(f'seccomp profile of {name}', f'tests/container/fetch-profile {name}')
    with open(found.stdout.strip()) as f:
        return json.load(f)


def containers():
    """Both profiles, as root and as nobody; no_new_privs is off by default in Docker, and on where
    Kubernetes is told allowPrivilegeEscalation: false."""
    return [Container('docker', 0), Container('docker', NOBODY),
            Container('containers', 0, no_new_privileges=True),
            Container('containers', NOBODY, no_new_privileges=True)]


def own_namespaces():
    """Starts the script again in namespaces that end with it."""
    os.umask(0o022)  # others are to read what we make
    harness.need('runc')
    if 'COM2NET_NAMESPACES' not in os.environ:
        harness.need_machine('containers')
        os.environ['COM2NET_NAMESPACES'] = 'yes'
        os.execvp('unshare', ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child',
                              '--mount-proc', sys.executable, *sys.argv])
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)


def run(test, nobody=False):
    """Runs test(place) for the places that the command line says, and ends the process."""
    def main():
        if sys.argv[1:] == ['--containers']:
            own_namespaces()
            where = containers()
        else:
            where = [Here()]
            if nobody and os.getuid() == 0:
                where.append(Nobody())
                os.umask(0o022)
        os.chmod(harness.temp(), 0o777)
        for place in where:
            if isinstance(place, Nobody):
                harness.need_machine('other_users')
            test(place)
    harness.run(main)
