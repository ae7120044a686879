"""What the bench and the memory check share: building the helpers, starting the contenders,
reading their cost out of /proc. Standard library only."""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))


class Failure(Exception):
    """A byte was wrong or a program failed."""


class Missing(Exception):
    """A program is not there, so what needs it cannot run."""


class Rig:
    """A temporary directory, the compiled helpers, and every process started in it."""

    def __init__(self, build=None, pin=False):
        self.dir = tempfile.mkdtemp(prefix='com2net-bench.')
        self.build = build or os.path.join(TREE, 'build')
        self.pin = pin and len(os.sched_getaffinity(0)) > 1
        self.processes = []
        self.count = 0
        compiler = os.environ.get('CC', 'cc')
        for program in 'device', 'load', 'floor':
            sources = [program + '.c'] + (['wire.c'] if program != 'floor' else [])
            subprocess.run([compiler, '-std=c11', '-O2', '-Wall', '-Wextra', '-o',
                            os.path.join(self.dir, program)] +
                           [os.path.join(HERE, s) for s in sources], check=True)

    def helper(self, name):
        return os.path.join(self.dir, name)

    def path(self, suffix):
        self.count += 1
        return os.path.join(self.dir, f'{self.count}-{suffix}')

    def program(self, name, folder=None):
        """A program under test: from the environment, the build directory, or the PATH."""
        named = os.environ.get(name.upper())
        if named:
            return named
        for place in (os.path.join(self.build, folder or '', name), os.path.join(self.build, name)):
            if os.access(place, os.X_OK) and os.path.isfile(place):
                return place
        found = shutil.which(name, path=os.environ.get('PATH', '') + ':/usr/sbin:/usr/local/sbin')
        if not found:
            raise Missing(f'{name} not found (build in {self.build}, or set {name.upper()})')
        return found

    def start(self, argv, cpu=0, **options):
        """Starts a process; `cpu` says where --pin puts it."""
        def place():
            if self.pin:
                os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[cpu % 2]})
        process = subprocess.Popen(argv, preexec_fn=place, **options)
        self.processes.append(process)
        return process

    def daemon(self, argv, cpu=0):
        """Starts a program whose standard error goes to a file, `process.log`."""
        log = self.path(os.path.basename(argv[0]) + '.log')
        with open(log, 'wb') as err:
            process = self.start(argv, cpu, stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        process.log = log
        process.title = os.path.basename(argv[0])
        return process

    def stop(self, processes):
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process in self.processes:
                self.processes.remove(process)

    def close(self):
        self.stop(list(self.processes))
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Helper:
    """The device or the load: one line of command, one line of answer."""

    def __init__(self, rig, argv, cpu=0):
        self.rig = rig
        self.name = os.path.basename(argv[0])
        self.process = rig.start(argv, cpu, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.pending = b''
        self.first = self.answer(10)

    def tell(self, *words):
        try:
            self.process.stdin.write((' '.join(map(str, words)) + '\n').encode())
        except OSError:
            raise Failure(f'{self.name} ended') from None

    def answer(self, timeout):
        """The next line of answer; nothing in `timeout` seconds is a failure."""
        deadline = time.monotonic() + timeout
        while b'\n' not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failure(f'{self.name}: nothing for {timeout} s ({self.progress()})')
            got = self.process.stdout.read(65536)
            if not got:
                raise Failure(f'{self.name} ended')
            self.pending += got
        line, self.pending = self.pending.split(b'\n', 1)
        return line.decode()

    def result(self, timeout):
        """The numbers of an "ok" answer."""
        line = self.answer(timeout)
        if not line.startswith('ok'):
            raise Failure(f'{self.name}: {line}')
        return [int(word) for word in line.split()[1:]]

    def progress(self):
        counts = io_counts(self.process.pid)
        return f'read {counts["rchar"]}, wrote {counts["wchar"]} bytes so far'


def io_counts(pid):
    with open(f'/proc/{pid}/io') as f:
        return {k: int(v) for k, v in (line.split(': ') for line in f)}


def cpu_ns(pid):
    """Time on a processor, exact while the process sleeps; all threads."""
    total = 0
    try:
        for task in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{task}/schedstat') as f:
                total += int(f.read().split()[0])
    except OSError:
        raise Failure(f'process {pid} ended') from None
    return total


def memory(pid, field='RssAnon'):
    with open(f'/proc/{pid}/status') as f:
        for line in f:
            if line.startswith(field + ':'):
                return int(line.split()[1]) * 1024
    raise Failure(f'no {field} in /proc/{pid}/status')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def tail(process, lines=8):
    with open(process.log, errors='replace') as f:
        return ''.join(f.readlines()[-lines:]).rstrip()


def wait_for(what, condition, processes, timeout=10):
    """Polls until the condition gives something; fails at once when a program ends."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        for process in processes:
            if process.poll() is not None:
                raise Failure(f'{process.title} ended with {process.returncode}: {tail(process)}')
        if time.monotonic() > deadline:
            logs = '\n'.join(tail(p) for p in processes)
            raise Failure(f'{what}: not within {timeout} s\n{logs}')
        time.sleep(0.005)


def listening_ports(process, count=1):
    """The ports that a server says it listens on, in the order of its sources."""
    def look():
        with open(process.log, errors='replace') as f:
            ports = re.findall(r'listening on \S*?:(\d+)\b', f.read())
        return [int(p) for p in ports] if len(ports) >= count else None
    return wait_for(f'{process.title}: "listening on" x {count}', look, [process])


def accepting(port):
    """True once a server listens there; does not connect, a client would be busy for others."""
    wanted = f':{port:04X}'
    for table in '/proc/net/tcp', '/proc/net/tcp6':
        with open(table) as f:
            for line in f:
                word = line.split()
                if word[1].endswith(wanted) and word[3] == '0A':
                    return True
    return False


# Each contender: (rig, device paths, link paths) -> (server process, client process)

def start_ours(rig, devices, links):
    server_path, client_path = rig.program('com2net', 'server'), rig.program('net2pty', 'client')
    pairs = [word for path in devices for word in (path, '127.0.0.1:0')]
    server = rig.daemon([server_path] + pairs, cpu=0)
    ports = listening_ports(server, len(devices))
    pairs = [word for link, port in zip(links, ports) for word in (link, f'127.0.0.1:{port}')]
    return server, rig.daemon([client_path] + pairs, cpu=1)


def start_floor(rig, devices, links):
    server = rig.daemon([rig.helper('floor'), 'serve', devices[0], '0'], cpu=0)
    port = listening_ports(server)[0]
    return server, rig.daemon([rig.helper('floor'), 'link', links[0], '127.0.0.1', str(port)], cpu=1)


def start_socat(rig, devices, links):
    socat, port = rig.program('socat'), free_port()
    server = rig.daemon([socat, f'{devices[0]},rawer',
                         f'TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,nodelay'], cpu=0)
    wait_for('socat listens', lambda: accepting(port), [server])
    client = rig.daemon([socat, f'PTY,link={links[0]},rawer', f'TCP:127.0.0.1:{port},nodelay'], cpu=1)
    return server, client


def start_ser2net(rig, devices, links, options=''):
    ser2net, gensiot, port = rig.program('ser2net'), rig.program('gensiot'), free_port()
    config = rig.path('ser2net.yaml')
    with open(config, 'w') as f:
        f.write(f'%YAML 1.1\n---\nconnection: &bench\n'
                f'  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n'
                f'  connector: serialdev,{devices[0]},115200n81,local\n{options}')
    server = rig.daemon([ser2net, '-n', '-u', '-c', config], cpu=0)
    wait_for('ser2net listens', lambda: accepting(port), [server])
    client = rig.daemon([gensiot, '-i', f'pty(link={links[0]},raw)',
                         f'telnet(rfc2217),tcp(nodelay),127.0.0.1,{port}'], cpu=1)
    return server, client


def start_ser2net_nodelay(rig, devices, links):
    return start_ser2net(rig, devices, links, '  options:\n    chardelay: false\n')


CONTENDERS = {
    'ours': start_ours,
    'floor': start_floor,
    'socat': start_socat,
    'ser2net': start_ser2net,
    'ser2net-nodelay': start_ser2net_nodelay,
}


class Session:
    """One contender at work: device, server, client, load, and `ports` links held open."""

    def __init__(self, rig, name, ports=1):
        self.rig, self.name, self.ports = rig, name, ports
        self.seed = 0
        self.links = [rig.path(f'{name}.tty') for _ in range(ports)]
        self.started = []
        self.load = None
        try:
            self.device = self.own(Helper(rig, [rig.helper('device'), str(ports)], cpu=0))
            self.devices = self.device.first.split()
            self.server, self.client = CONTENDERS[name](rig, self.devices, self.links)
            self.started += [self.server, self.client]
            wait_for(f'{name}: links appear', lambda: all(map(os.path.exists, self.links)),
                     [self.server, self.client])
            self.load = self.own(Helper(rig, [rig.helper('load')] + self.links, cpu=1))
            time.sleep(0.3)
            self.round_trips(20)
        except BaseException:
            self.close()
            raise

    def own(self, helper):
        self.started.append(helper.process)
        return helper

    def freeze(self):
        """Keeps the bridge off the processors while another is measured."""
        for process in self.server, self.client:
            process.send_signal(signal.SIGSTOP)

    def thaw(self):
        for process in self.server, self.client:
            process.send_signal(signal.SIGCONT)
        time.sleep(0.03)

    def both(self, to_device, to_load, timeout):
        """Runs one command at each end; their results, the device's first."""
        self.device.tell(*to_device)
        self.load.tell(*to_load)
        try:
            taken = self.load.result(timeout)
            return self.device.result(timeout), taken
        except Failure as failure:
            ends = f'device {self.device.progress()}, load {self.load.progress()}'
            raise Failure(f'{self.name}: {failure} [{ends}]\n{self.logs()}') from None

    def cost(self, action):
        """The processor time of server and client for an action, and what the action gave."""
        before = [cpu_ns(p.pid) for p in (self.server, self.client)]
        value = action()
        time.sleep(0.02)
        after = [cpu_ns(p.pid) for p in (self.server, self.client)]
        return [a - b for a, b in zip(after, before)], value

    def round_trips(self, count):
        return self.both(('echo', 0, count), ('rtt', count), 10 + count * 0.05)[1]

    def to_device(self, length):
        """Seconds that `length` bytes took from the link to the device."""
        self.seed += 2
        arrived, sent = self.both(('sink', 0, self.seed, length), ('send', self.seed, length), 60)
        return (arrived[1] - sent[0]) / 1e9

    def to_link(self, length):
        self.seed += 2
        sent, arrived = self.both(('source', 0, self.seed, length), ('recv', self.seed, length), 60)
        return (arrived[1] - sent[0]) / 1e9

    def duplex(self, length):
        self.seed += 2
        a, b = self.both(('duplex', 0, self.seed, length), ('duplex', self.seed, length), 120)
        return (max(a[1], b[1]) - min(a[0], b[0])) / 1e9

    def check_quiet(self):
        """Nothing may come after the last byte: neither doubled data nor protocol."""
        device, load = self.both(('stray', 0, 50), ('stray', 50), 10)
        if device[2] or load[2]:
            raise Failure(f'{self.name}: {device[2]} stray bytes at the device, {load[2]} at the link')

    def logs(self):
        return '\n'.join(f'  {p.title}: {line}' for p in (self.server, self.client)
                         for line in tail(p).splitlines())

    def close(self):
        self.rig.stop([p for p in reversed(self.started) if p])
        for process in self.started:
            for pipe in process.stdin, process.stdout:
                if pipe:
                    pipe.close()
