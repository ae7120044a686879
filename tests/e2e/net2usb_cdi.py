#!/usr/bin/python3
"""`net2usb cdi` writes CDI files: a device for each board and C library, and one for all. With --watch the
file stays true, and goes at the end."""

import json
import os
import resource
import signal
import stat
import subprocess

import harness
import net2usb
from harness import check, equal, eventually

LIBRARIES = '/opt/com2net/lib/net2usb'


def cdi(*words, status=0):
    got, out, err = net2usb.net2usb('cdi', *words)
    equal(got, status, f'status of cdi {words}: {out}{err}')
    return out, err


def devices(text):
    spec = json.loads(text)
    equal((spec['cdiVersion'], spec['kind']), ('0.5.0', 'com2net.dev/usb'), 'the kind of file')
    return {d['name']: d['containerEdits'] for d in spec['devices']}


def variables(edits):
    return dict(v.split('=', 1) for v in edits['env'])


def content(host):
    found = devices(cdi(host)[0])
    names = ['ice', 'b-2.x', '250-3', 'all']
    endings = ['', '-musl'] if os.path.isdir(f'{os.path.dirname(net2usb.program())}/lib/net2usb/musl') else ['']
    equal(set(found), {name + ending for name in names for ending in endings}, 'devices')
    for name, edits in found.items():
        musl = name.endswith('-musl')
        libraries = LIBRARIES + ('/musl' if musl else '')
        for mount in edits['mounts']:
            equal(mount['containerPath'], LIBRARIES, 'where they are')
            equal(mount['options'], ['ro', 'nosuid', 'nodev', 'bind'], 'how')
            check(os.path.exists(f'{mount["hostPath"]}/libusb-1.0.so.0'), mount)
        preloaded = variables(edits)['LD_PRELOAD'].split(':')
        equal(preloaded[0], f'{libraries}/libusb-1.0.so.0', 'what is preloaded')
        equal(variables(edits).get('LD_LIBRARY_PATH'), libraries if musl else None, 'glibc images keep their own')
    equal(variables(found['ice'])['NET2USB_BOARD_ice'], f'{host} ice', 'a board')
    equal(variables(found['b-2.x'])['NET2USB_BOARD_b_2D2_2Ex'], f'{host} b-2.x', 'a name that is no variable\'s')
    equal(variables(found['250-3'])['NET2USB_BOARD_250_2D3'], f'{host} odd-', 'a name that no engine takes')
    equal(variables(found['all'])['NET2USB_BOARD_all'], host, 'all')
    check('"odd-" is no name for a container engine: the device is com2net.dev/usb=250-3' in cdi(host)[1], 'told')

    some = devices(cdi('--prefix=rack1-', '--strict', host, 'ice', '1d50:614b')[0])
    equal({name for name in some if not name.endswith('-musl')}, {'rack1-ice', 'rack1-all'}, 'two SELECTORs, one there')
    edits = variables(some['rack1-all'])
    equal((edits['NET2USB_BOARD_rack1_2Dall'], edits['NET2USB_BOARD_rack1_2Dall_2'], edits['NET2USB_STRICT']),
          (f'{host} ice', f'{host} 1d50:614b', '1'), 'all of them')


def names_that_are_taken():
    """Engines take nothing from a file that has a name twice; and names may be long."""
    long_name = 'n' * 63
    server = harness.Com2net('usb:demo-icestick,name=all-musl', 'usb:demo-dfu,name=ice', 'usb:demo-loop,name=ice-musl',
                             f'usb:demo-loop,name={long_name}', '0', ports=1)
    out, err = cdi(f'--prefix={"p" * 60}', f'127.0.0.1:{server.port}')
    found = [d['name'] for d in json.loads(out)['devices']]
    equal(sorted(found), sorted(set(found)), 'each once')
    check('"all-musl" is no name for a container engine' in err and '"ice-musl" is no name' in err, err)
    name = f'{"p" * 60}{long_name}'
    check(f'NET2USB_BOARD_{name}' in variables(devices(out)[name]), 'the whole name')
    server.stop()


def refused(host):
    for words, said in ((('--prefix=a b', host), '--prefix a b: container engines take'),
                        (('--prefix=-x', host), 'begin with a letter or a digit'),
                        (('--prefix=' + 'x' * 61, host), 'up to 60'),
                        (('--watch', host), '--watch keeps a file true: name it'),
                        ((), 'cdi takes a server'), ((host, 'a,b'), 'a,b selects nothing')):
        check(said in cdi(*words, status=2)[1], words)
    for path, why in (('/no/such/folder/x.json', 'No such file'), ('/proc/x.json', ''), (harness.temp(''), 'directory')):
        err = cdi('-o', path, host, status=1)[1]
        check(f'cannot write {path}: ' in err and why in err, err)
    full(host)
    check('nothing listens there' in cdi('127.0.0.1:1', status=1)[1], 'no server')
    cdi('--wait=0.3', '127.0.0.1:1', status=3)


def full(host):
    """A disk that takes no more: the file that was there stays."""
    folder = harness.temp('full')
    os.mkdir(folder)
    path = f'{folder}/usb.json'
    with open(path, 'w', encoding='ascii') as f:
        f.write('as it was')
    done = subprocess.run([net2usb.program(), 'cdi', '-o', path, host], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=harness.LIMIT, check=False, preexec_fn=no_more)
    check(done.returncode == 1 and f'cannot write {path}: File too large' in done.stderr, done.stderr)
    equal(os.listdir(folder), ['usb.json'], 'nothing else is left')
    with open(path, encoding='ascii') as f:
        equal(f.read(), 'as it was', 'the old one')


def no_more():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def watched():
    path = harness.temp('made/usb.json')  # its folder, too
    port = harness.free_port()
    server = harness.Com2net('usb:demo-icestick,name=ice', str(port))
    os.umask(0o077)
    watcher = harness.Program([net2usb.program(), 'cdi', '--watch', '-o', path, f'127.0.0.1:{port}'])

    def has(*names):
        try:
            with open(path, encoding='utf-8') as f:
                return {name for name in devices(f.read()) if not name.endswith('-musl')} == {*names, 'all'}
        except FileNotFoundError:
            return False

    eventually(lambda: has('ice'), 'the file is there')
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o644, 'everybody may read it')
    equal(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o755, 'and find it')
    server.stop()
    eventually(lambda: 'stays as it is meanwhile' in watcher.log(), 'a server that is away is told')
    check(has('ice'), 'its boards are known still')
    server = harness.Com2net('usb:demo-icestick,name=ice', 'usb:demo-dfu,name=dfu', str(port))
    eventually(lambda: has('ice', 'dfu'), 'a second board')
    server.stop()
    server = harness.Com2net('usb:demo-dfu,name=dfu', str(port))
    eventually(lambda: has('dfu'), 'the first one is gone')
    check(os.listdir(os.path.dirname(path)) == ['usb.json'], 'nothing else is there')
    watcher.send_signal(signal.SIGTERM)
    equal(watcher.wait(60), 0, 'it ends')
    check(not os.path.exists(path), 'and with it the file')
    server.stop()


def main():
    server = harness.Com2net('usb:demo-icestick,name=ice', 'usb:demo-dfu,name=b-2.x', 'usb:demo-loop,name=odd-', '0',
                             ports=1)
    host = f'127.0.0.1:{server.port}'
    content(host)
    names_that_are_taken()
    refused(host)
    watched()


harness.run(main)
