#!/usr/bin/python3
"""net2usb run: what COMMAND gets, its exit status, and what is checked before; env prints the same;
pyusb finds the library where neither ldconfig nor a compiler tells it of one."""

import os
import re
import shutil
import stat
import subprocess

import harness
import net2usb
import usbip
from harness import check, equal

NAMES = ('NET2USB_SERVER', 'NET2USB_DEVICES', 'NET2USB_POST', 'NET2USB_STRICT', 'LD_LIBRARY_PATH',
         'LD_PRELOAD', 'ASAN_OPTIONS', 'PYTHONPATH')
LIBRARIES = os.path.join(os.path.dirname(net2usb.program()), 'lib', 'net2usb')
PRELOADED = 'libusb-1.0.so.0', 'libusb-0.1.so.4', 'libnet2usb-dlopen.so'
PRELOAD = ':'.join(name if ' ' in LIBRARIES else f'{LIBRARIES}/{name}' for name in PRELOADED)
ASAN = 'verify_asan_link_order=0'


FOLDERS = f'{LIBRARIES}:{LIBRARIES}/hidraw'


def variables(text):
    pairs = (line.split('=', 1) for line in text.splitlines() if '=' in line)
    return {name: value for name, value in pairs if name in NAMES}


def script(name, text, mode=0o755):
    path = harness.temp(name)
    with open(path, 'w') as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def sets(host):
    show = script('show', '#!/bin/sh\nenv\n')
    clean = {name: '' for name in NAMES}
    status, out, err = net2usb.net2usb('run', host, '--', show, **clean)
    equal((status, err), (0, ''), 'run')
    equal(variables(out), {'NET2USB_SERVER': host, 'LD_LIBRARY_PATH': FOLDERS,
                           'LD_PRELOAD': PRELOAD, 'ASAN_OPTIONS': ASAN, 'PYTHONPATH': f'{LIBRARIES}/python'}, 'variables')
    status, out, err = net2usb.net2usb(
        'run', '--strict', '--post=1209:0001', '--post', '1209:0002', host, '250-1', '1209:0001:demo',
        'loop', '--', show, **{**clean, 'LD_LIBRARY_PATH': '/a:/b', 'NET2USB_DEVICES': 'x',
                                            'ASAN_OPTIONS': 'detect_leaks=0'})
    equal((status, err), (0, ''), 'run with options')
    equal(variables(out), {'NET2USB_SERVER': host, 'NET2USB_DEVICES': '250-1,1209:0001:demo,loop',
                           'NET2USB_POST': '1209:0001,1209:0002', 'NET2USB_STRICT': '1',
                           'LD_LIBRARY_PATH': f'{FOLDERS}:/a:/b', 'LD_PRELOAD': PRELOAD,
                           'ASAN_OPTIONS': ASAN + ':detect_leaks=0', 'PYTHONPATH': f'{LIBRARIES}/python'}, 'variables')
    out = net2usb.net2usb('run', host, '--', show, NET2USB_DEVICES='x')[1]
    check('NET2USB_DEVICES' not in variables(out), 'what was selected outside is not in force')


def finds_it_again(host):
    """Its bootloader has other numbers, but stands where it stood."""
    show = script('show', '#!/bin/sh\necho "$NET2USB_DEVICES"\n')
    equal(net2usb.net2usb('run', host, '1209:0004', 'loop', '--', show)[1],
          '1209:0004,loop,250-1,250-3\n', 'places are selected, too')
    image = harness.temp('image')
    with open(image, 'wb') as f:
        f.write(os.urandom(3000))
    status, out, err = net2usb.net2usb('run', host, '1209:0004', '--', harness.need('dfu-util'), '-D',
                                       image)
    check(status == 0 and 'Done!' in out, f'a download: {out}{err}')
    status, _, err = net2usb.net2usb('run', host, '1209:0004', '--', 'true')
    equal(status, 125, 'it is not there')
    check('has no device 1209:0004; it has 250-1' in err, err)


def warns_when_nothing_is_free():
    server = harness.Com2net('usb:demo-loop', '0')
    host = f'127.0.0.1:{server.port}'
    equal(net2usb.net2usb('run', host, '--', 'true'), (0, '', ''), 'it is free')
    other = usbip.Client(server.port)
    other.import_device('250-1')
    status, _, err = net2usb.net2usb('run', host, '--', 'true')
    equal((status, err), (0, f'net2usb: warning: {host} has no device that is free; '
                             '--wait SECONDS waits for it\n'), 'it is not')
    other.close()


def prints(host):
    env = net2usb.net2usb('env', host, "it's", '0403:6010', '--strict')[1]
    shell = subprocess.run(['sh', '-c', 'eval "$1"; env', 'sh', env], capture_output=True, text=True,
                           env={'PATH': os.environ['PATH'], 'LD_LIBRARY_PATH': '/a',
                                'NET2USB_POST': '1209:0001'})
    equal(shell.stderr, '', 'a shell takes it')
    equal(variables(shell.stdout),
          {'NET2USB_SERVER': host, 'NET2USB_DEVICES': "it's,0403:6010", 'NET2USB_STRICT': '1',
           'LD_LIBRARY_PATH': f'{FOLDERS}:/a', 'LD_PRELOAD': PRELOAD, 'ASAN_OPTIONS': ASAN,
           'PYTHONPATH': f'{LIBRARIES}/python'}, 'env')
    docker = net2usb.net2usb('env', '--docker', '[::1]', 'a"$b')[1].splitlines()
    equal(docker[:2], ['ENV NET2USB_SERVER="[::1]:3240"', r'ENV NET2USB_DEVICES="a\"\$b"'], 'docker')
    equal(docker[2], f'ENV LD_LIBRARY_PATH="{FOLDERS}"', 'docker')


def ends_as_command(host):
    for command, wanted in (('exit 0', 0), ('exit 7', 7), ('kill -9 $$', -9)):
        equal(net2usb.net2usb('run', host, '--', 'sh', '-c', command)[0], wanted, command)
    # of folders that one may not look into nobody knows what they have
    status, _, err = net2usb.net2usb('run', host, '--', 'no-such-program', PATH='/usr/bin:/bin')
    equal((status, err), (127, 'net2usb: error: no-such-program: command not found: is it installed here, in a '
                               'folder of PATH?\n'), 'not found')
    status, _, err = net2usb.net2usb('run', host, '--', script('plain', 'text', 0o644))
    equal(status, 126, 'not a program')
    check('no permission' in err or 'no file with permission' in err, err)
    equal(net2usb.net2usb('run', host, '--', 'sh', '-c', 'echo "$1"', 'sh', '--', '-x')[1], '--\n',
          'what is behind the first -- is the command')


def warns(host):
    busybox = harness.need('busybox')
    status, _, err = net2usb.net2usb('run', host, '--', busybox, 'true')
    equal(status, 0, 'a static program runs')
    check('busybox will not find the devices: it is a static program' in err, err)
    by = script('static', f'#!{busybox} sh\ntrue\n')
    check('static program' in net2usb.net2usb('run', host, '--', by)[2], 'so is an interpreter')


def warns_of_privilege(host):
    harness.need_machine('other_users', 'set_user_id')
    other = harness.temp('other')
    subprocess.run(['cp', '/bin/true', other], check=True)
    os.chown(other, 65534, 65534)
    os.chmod(other, 0o755 | stat.S_ISUID)
    check('set-user-ID' in net2usb.net2usb('run', host, '--', other)[2], 'privileged')
    done = subprocess.run([harness.need('setpriv'), '--no-new-privs', net2usb.program(), 'run', host, '--', other],
                          capture_output=True, text=True, timeout=60)
    equal((done.returncode, done.stderr), (0, ''), 'it is as others where nobody gets privileges')


def loads(host):
    python = '/usr/bin/python3'
    code = '''
import ctypes.util, sys
name = ctypes.util.find_library('usb-1.0')
assert name == sys.argv[1] + '/libusb-1.0.so.0', name
assert ctypes.util.find_library('c'), 'others are found as before'
library = ctypes.CDLL(name)
ctypes.CDLL('libusb-0.1.so.4')
mapped = {line.split(maxsplit=5)[-1].strip() for line in open('/proc/self/maps') if 'libusb' in line}
assert all(path.startswith(sys.argv[1]) for path in mapped) and len(mapped) == 2, mapped
print('loaded')
'''
    status, out, err = net2usb.net2usb('run', host, '--', python, '-c', code, LIBRARIES)
    equal((status, out, err), (0, 'loaded\n', ''), 'Python has our libraries')
    other = harness.temp('site')
    os.mkdir(other)
    with open(f'{other}/sitecustomize.py', 'w') as f:
        f.write('print("theirs")\n')
    out = net2usb.net2usb('run', host, '--', python, '-c', '', PYTHONPATH=other)[1]
    equal(out, 'theirs\n', 'another sitecustomize still runs')
    harness.need_module('usb', 'python3-usb')
    code = 'import usb.core; print([hex(d.idProduct) for d in usb.core.find(find_all=True)])'
    out = net2usb.net2usb('run', host, '250-1', '--', python, '-c', code, PATH='/nothing')[1]
    equal(out, "['0x1']\n", 'pyusb has the device that is selected')


def loads_from_a_path_with_a_space(host):
    program, folder = net2usb.installed(), harness.temp('a b')
    shutil.copytree(os.path.dirname(os.path.dirname(program)), folder)
    code = ('maps = open("/proc/self/maps").read(); '
            'print(maps.count("a b/lib/net2usb/libusb-1.0") > 0, maps.count("a b/lib/net2usb/libusb-0.1") > 0)')
    done = subprocess.run([f'{folder}/bin/net2usb', 'run', host, '--', '/usr/bin/python3', '-c', code],
                          capture_output=True, text=True)
    equal((done.returncode, done.stdout, done.stderr), (0, 'True True\n', ''), 'in a path with a space')


def loads_by_another_loader(host):
    """Wrappers such as those of oss-cad-suite bring a loader, and tell it where libraries are. In a path
    with a space ours are not found then, so that they are elsewhere than the checkout."""
    iceprog, elsewhere = harness.need('iceprog'), harness.temp('elsewhere')
    os.mkdir(elsewhere)
    needs = subprocess.run(['ldd', iceprog], capture_output=True, text=True, check=True).stdout
    loader = re.search(r'^\s*(/\S*/ld-\S+)', needs, re.MULTILINE).group(1)
    for line in needs.splitlines():
        if ' => /' in line:
            shutil.copy(line.split()[2], elsewhere)
    done = subprocess.run([net2usb.installed(), 'run', host, '--', loader, '--library-path', elsewhere,
                           iceprog, '-t'], capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    equal(done.returncode, 0, f'iceprog: {said}')
    check('flash ID: 0x20' in said and 'static' not in done.stderr, f'it finds the device: {said}')


def main():
    server = harness.Com2net('usb:demo-loop,name=loop', 'usb:demo-icestick', '0', ports=1)
    host = f'127.0.0.1:{server.port}'
    for test in sets, prints, ends_as_command, warns, loads, loads_from_a_path_with_a_space, \
            loads_by_another_loader:
        test(host)
    warns_when_nothing_is_free()
    server = harness.Com2net('usb:demo-dfu', 'usb:demo-icestick', 'usb:demo-loop,name=loop', '0',
                             ports=1)
    finds_it_again(f'127.0.0.1:{server.port}')
    warns_of_privilege(f'127.0.0.1:{server.port}')


harness.run(main)
