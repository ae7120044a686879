#!/usr/bin/python3
"""What `net2usb doctor` and `run` say of programs into which no library can be put, or not ours, and of
those into which it can; and that each runs all the same. Each is built here."""

import os
import subprocess

import harness
import net2usb
from harness import check, equal
from net2usb_own_libusb import FOUND, compile_c, own_libusb, specimen

HELLO = '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n'
USBFS = ('#include <fcntl.h>\n#include <stdio.h>\n'
         'int main(void) { printf("%d\\n", open("/dev/bus/usb/250/001", O_RDWR)); return 0; }\n')
NOT_LOADED = 'note it loads no libusb when it starts'


def source(name, text):
    path = harness.temp(name)
    with open(path, 'w') as f:
        f.write(text)
    return path


def doctor(host, program):
    status, out, err = net2usb.net2usb('doctor', host, '--', program)
    equal(err, '', 'doctor')
    return status, '\n'.join(line for line in out.splitlines() if 'attach is' not in line)


def is_bad(host, program, why, says=None, begin='will not find the devices: '):
    """Both say why, in one sentence with what to do; and it runs, and says what it says."""
    status, out = doctor(host, program)
    check(status == 1 and why in out and out.count('BAD ') == 1, f'doctor says "{why}": {out}')
    line = next(line for line in out.splitlines() if line.startswith('BAD '))
    check('net2usb attach' in line, f'and what to do: {line}')
    status, out, err = net2usb.net2usb('run', host, '--', program)
    check(err.startswith(f'net2usb: warning: {program} {begin}') and why in err and err.count('\n') == 1,
          f'run says "{why}", and nothing else: {err}')
    equal((status, out), (0, says), f'it runs: {why}')


def is_well(host, program, note, says):
    status, out = doctor(host, program)
    check(status == 0 and note in out and 'BAD ' not in out, f'doctor says "{note}": {out}')
    equal(net2usb.net2usb('run', host, '--', program), (0, says, ''), f'run: {note}')


def static_ones(host):
    hello = source('hello.c', HELLO)
    for name in 'static', 'static-pie':
        is_bad(host, compile_c(hello, name, f'-{name}'), 'it is a static program', 'hello\n')


def with_libusb_within(host):
    program = specimen('within', '-l:libusb-1.0.a', '-l:libudev.so.1', '-pthread')
    status, out = doctor(host, program)
    check(status == 1 and 'BAD  it seems to have libusb within it' in out, f'doctor: {out}')
    err = net2usb.net2usb('run', host, '--', program)[2]  # it may find devices of this machine, or none
    check('will hardly find the devices: it seems to have libusb within it' in err, f'run: {err}')


def without_libusb(host):
    is_bad(host, compile_c(source('usbfs.c', USBFS), 'usbfs'), 'it seems to use /dev/bus/usb itself', '-1\n',
           begin='will hardly find the devices: ')
    is_well(host, compile_c(source('hello.c', HELLO), 'hello'), f'{NOT_LOADED}, and cannot load one later',
            'hello\n')
    status, out = doctor(host, specimen('by-dlopen', '-DBY_DLOPEN'))
    check(status == 0 and f'{NOT_LOADED}; if it does so later' in out, out)


def by_a_link(host):
    """Libraries that lie beside the program are found where it is called by a link elsewhere."""
    os.mkdir(harness.temp('package'))
    text = '#include <dlfcn.h>\nint helper(void);\nint helper(void) { return !dlopen("libusb-1.0.so.0", RTLD_NOW); }\n'
    helper = compile_c(source('loader.c', text), 'package/libloader.so', '-shared', '-fPIC',
                       '-Wl,-soname,libloader.so')
    main = 'int helper(void);\nint main(void) { return helper(); }\n'
    program = compile_c(source('main.c', main), 'package/program', helper, '-Wl,-rpath,$ORIGIN')
    link = harness.temp('link')
    os.symlink(program, link)
    for path in program, link:
        is_well(host, path, f'{NOT_LOADED}; if it does so later', '')


def with_newer_functions(host):
    """Of a libusb that a program brings as well as of any other."""
    own = own_libusb('newer-libusb', '-DNEWER')
    newer = ('-DNEWER', '-Wl,-z,lazy', '-L' + own, '-lusb-1.0')
    is_bad(host, specimen('newer', *newer), 'newer calls libusb_of_tomorrow, which', FOUND, begin='will not work: ')
    is_bad(host, specimen('newer-own', f'-Wl,--disable-new-dtags,-rpath,{own}', *newer),
           'newer-own calls libusb_of_tomorrow, which', FOUND, begin='will not work: ')
    weak = source('weak.h', '#pragma weak libusb_of_tomorrow\n')
    is_well(host, specimen('weak', '-include', weak, *newer), 'it loads libusb-1.0.so.0, which run replaces', FOUND)
    # in a library of its own
    text = 'int libusb_of_tomorrow(void *context);\nint libusb_of_tomorrow(void *context) { return !context; }\n'
    helper = compile_c(source('helper.c', text), 'libhelper.so', '-shared', '-fPIC')
    has = specimen('has', '-DNEWER', '-lusb-1.0', helper)
    is_well(host, has, 'it loads libusb-1.0.so.0, which run replaces', FOUND)


def with_a_libusb_of_its_own(host):
    own = own_libusb('own2')
    program = specimen('by-run-path', f'-Wl,--disable-new-dtags,-rpath,{own}', '-lusb-1.0')
    is_well(host, program, 'ok   it loads libusb-1.0.so.0, which run replaces', FOUND)
    marked = compile_c(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'usb_own_libusb.c'),
                       'libusb-1-0d2dbc8b.0.so.0.3.0', '-shared', '-fPIC',
                       '-Wl,-soname,libusb-1-0d2dbc8b.0.so.0.3.0')
    program = specimen('repaired', f'-Wl,-rpath,{os.path.dirname(marked)}', marked)
    is_well(host, program, 'ok   it loads libusb-1-0d2dbc8b.0.so.0.3.0, which run replaces', FOUND)
    program = specimen('asan', '-fsanitize=address', '-lusb-1.0')
    is_well(host, program, 'ok   it loads libusb-1.0.so.0, which run replaces', FOUND)


def of_musl(host):
    """With its libraries, and where there are none for it."""
    program = compile_c(source('hello.c', HELLO), 'musl', compiler='musl-gcc')
    is_well(host, program, NOT_LOADED, 'hello\n')
    folder = harness.temp('glibc-only')
    os.mkdir(folder)
    libraries = os.path.join(os.path.dirname(net2usb.program()), 'lib', 'net2usb')
    os.symlink(f'{libraries}/libusb-1.0.so.0', f'{folder}/libusb-1.0.so.0')
    why = 'its C library is musl, and net2usb was built without libraries for it'
    for verb in 'doctor', 'run':
        _, out, err = net2usb.net2usb(verb, host, '--', program, NET2USB_LIBRARIES=folder)
        check(why in out + err, f'{verb}: {out}{err}')


def with_capabilities(host):
    harness.need_machine('other_users')
    program, capable = specimen('plain', '-lusb-1.0'), harness.temp('capable')
    subprocess.run(['cp', program, capable], check=True)
    setcap, setpriv = harness.need('setcap'), harness.need('setpriv')
    if subprocess.run([setcap, 'cap_net_raw+ep', capable]).returncode != 0:
        harness.skip('files cannot have capabilities here')
    os.chmod(capable, 0o755)
    os.chmod(os.path.dirname(capable), 0o755)
    # root gets nothing by them, so that the loader is as ever
    is_well(host, capable, 'ok   it loads libusb-1.0.so.0, which run replaces', FOUND)

    def as_nobody(*words, prefix=()):
        done = subprocess.run([*prefix, net2usb.installed(), *words], user=65534, group=65534, extra_groups=[],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr
    why, bare = 'its file has capabilities', (setpriv, '--no-new-privs')
    for marks, prefix, heeded in (('ep', (), True), ('ep', bare, True), ('p', (), True), ('p', bare, False),
                                  ('i', (), False)):
        subprocess.run([setcap, f'cap_net_raw+{marks}', capable], check=True)
        status, out, _ = as_nobody('doctor', host, '--', capable, prefix=prefix)
        equal((status, f'BAD  {capable}: {why}' in out), (1, True) if heeded else (0, False),
              f'doctor, {marks} {prefix}: {out}')
        status, out, err = as_nobody('run', host, '--', capable, prefix=prefix)
        equal((f'{capable} will not find the devices: {why}' in err, out == FOUND), (heeded, not heeded),
              f'run, {marks} {prefix}: {out}{err}')
    equal(as_nobody('run', host, '--', program), (0, FOUND, ''), 'a copy has the devices')


def main():
    server = harness.Com2net('usb:demo-loop', 'usb:demo-icestick', '0', ports=1)
    host = f'127.0.0.1:{server.port}'
    for test in (static_ones, with_libusb_within, without_libusb, by_a_link, with_newer_functions, with_a_libusb_of_its_own,
                 of_musl, with_capabilities):
        test(host)


if __name__ == '__main__':
    harness.run(main)
