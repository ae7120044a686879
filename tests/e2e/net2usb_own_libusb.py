#!/usr/bin/python3
"""`net2usb run` with programs that bring a libusb of their own, by a run path, by dlopen of a path or of
another name, beside the program; and with programs of AddressSanitizer. They have the devices."""

import ctypes
import os
import shutil
import subprocess

import harness
import net2usb
from harness import check, equal

HERE = os.path.dirname(os.path.abspath(__file__))
FOUND = 'devices 2 USB loopback\n'


def compile_c(source, name, *options, compiler='cc'):
    made = harness.temp(name)
    subprocess.run([harness.need(compiler), '-g', '-I/usr/include/libusb-1.0', '-o', made, source, *options],
                   check=True)
    return made


def specimen(name, *options, **more):
    return compile_c(f'{HERE}/usb_specimen.c', name, *options, **more)


def own_libusb(folder, *options, compiler='cc'):
    """A folder with a libusb in it, under some names."""
    os.mkdir(harness.temp(folder))
    made = compile_c(f'{HERE}/usb_own_libusb.c', f'{folder}/libusb-1.0.so.0', '-shared', '-fPIC',
                     '-Wl,-soname,libusb-1.0.so.0', *options, compiler=compiler)
    for name in 'libusb-1.0.so', 'libusb-1-0d2dbc8b.0.so.0.3.0', 'jna123.tmp':
        shutil.copy(made, os.path.join(os.path.dirname(made), name))
    for name, more in ('libusb-1.0.so.7', ()), ('libdriver.so', ('-Wl,-soname,libdriver.so',)):
        compile_c(f'{HERE}/usb_own_libusb.c', f'{folder}/{name}', '-shared', '-fPIC', *more, compiler=compiler)
    return os.path.dirname(made)


def finds(host, *words, why):
    status, out, err = net2usb.net2usb('run', host, '--', *words)
    equal((status, out, err), (0, FOUND, ''), why)


def system_libusb():
    ctypes.CDLL('libusb-1.0.so.0')
    with open('/proc/self/maps') as maps:
        return next(line.split(maxsplit=5)[5].strip() for line in maps if 'libusb-1.0' in line)


def by_run_path(host, own):
    for kind in 'enable', 'disable':  # DT_RUNPATH, DT_RPATH
        program = specimen(f'by-run-path-{kind}', f'-Wl,--{kind}-new-dtags,-rpath,{own}', '-lusb-1.0')
        finds(host, program, why=f'a run path ({kind})')
    beside = specimen('own/beside', '-Wl,--disable-new-dtags,-rpath,$ORIGIN', '-lusb-1.0')
    finds(host, beside, why='beside the program')


def by_dlopen(host, own):
    program = specimen('by-dlopen', '-DBY_DLOPEN', f'-Wl,-rpath,{own}')
    for name in ('libusb-1.0.so.0', 'libusb-1.0.so', 'libusb-1-0d2dbc8b.0.so.0.3.0', 'jna123.tmp',
                 'libusb-1.0.so.7', 'libdriver.so'):
        finds(host, program, f'{own}/{name}', why=f'{name} by its path')
    for name in 'libusb-1.0.so.0', 'libusb-1.0.so', 'libusb-1-0d2dbc8b.0.so.0.3.0':
        finds(host, program, name, why=name)
    finds(host, program, system_libusb(), why='a real one')
    status, out, _ = net2usb.net2usb('run', host, '--', program, f'{own}/absent.so')
    check(status == 2 and 'cannot open' in out, f'what is not there is not there: {out}')


def other_libraries_are_found(host):
    """The loader looks for them where the one says who calls dlopen, and no other."""
    source = harness.temp('plugin.c')
    with open(source, 'w') as f:
        f.write('int plugin;\n')
    plugin = compile_c(source, 'own/libplugin.so', '-shared', '-fPIC')
    program = specimen('loads-plugin', '-DBY_DLOPEN', f'-Wl,-rpath,{os.path.dirname(plugin)}')
    status, out, _ = net2usb.net2usb('run', host, '--', program, 'libplugin.so')
    check(status == 2 and 'libplugin.so: undefined symbol: libusb_init' in out, f'a plugin by the run path: {out}')


def within_modules(host):
    """A libusb that was linked into a module, as native ones of Python, Node and Java have it: it is called
    by names that are ours, or by its own throughout."""
    text = ('#include <libusb.h>\nlong count(void);\nlong count(void) { libusb_context *c; libusb_device **l; '
            'long n; if (libusb_init(&c) < 0) return -1; n = (long)libusb_get_device_list(c, &l); '
            'libusb_free_device_list(l, 1); libusb_exit(c); return n; }\n')
    source = harness.temp('module.c')
    with open(source, 'w') as f:
        f.write(text)
    code = 'import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).count())'
    for name, options, count in (('names', (), 2), ('symbolic', ('-Wl,-Bsymbolic',), 0),
                                 ('hidden', ('-Wl,--version-script,' + harness.temp('map'),), 0)):
        with open(harness.temp('map'), 'w') as f:
            f.write('{ global: count; local: *; };\n')
        module = compile_c(source, f'own/{name}.so', f'{HERE}/usb_own_libusb.c', '-shared', '-fPIC', *options)
        equal(net2usb.net2usb('run', host, '--', '/usr/bin/python3', '-c', code, module), (0, f'{count}\n', ''),
              f'a module with libusb within it ({name})')


def by_dlopen_of_libusb01(host):
    code = ('import ctypes, sys; l = ctypes.CDLL(sys.argv[1]); l.usb_init(); l.usb_find_busses(); '
            'print(l.usb_find_devices())')
    ctypes.CDLL('libusb-0.1.so.4')
    with open('/proc/self/maps') as maps:
        real = next(line.split(maxsplit=5)[5].strip() for line in maps if 'libusb-0.1' in line)
    copy = harness.temp('libusb.so')
    shutil.copy(real, copy)
    for path in real, copy:
        equal(net2usb.net2usb('run', host, '--', '/usr/bin/python3', '-c', code, path), (0, '2\n', ''),
              f'libusb-0.1 from {path}')


def with_sanitizers(host):
    for compiler in 'cc', 'clang':
        if not shutil.which(compiler):
            continue
        program = specimen(f'asan-{compiler}', '-fsanitize=address,undefined', '-lusb-1.0', compiler=compiler)
        finds(host, program, why=f'AddressSanitizer of {compiler}')
        finds(host, 'sh', '-c', '"$0"; exit $?', program, why='in a script')
    program = specimen('asan-options', '-fsanitize=address', '-lusb-1.0')
    env = {'ASAN_OPTIONS': 'help=1'}
    check('Available flags' in net2usb.net2usb('run', host, '--', program, **env)[2], 'its options are kept')


def with_musl(host):
    if not shutil.which('musl-gcc'):
        return
    own = own_libusb('own-musl', compiler='musl-gcc')
    program = specimen('musl-by-dlopen', '-DBY_DLOPEN', compiler='musl-gcc')
    for name in 'libusb-1.0.so.0', 'jna123.tmp':
        finds(host, program, f'{own}/{name}', why=f'musl: {name} by its path')


def main():
    server = harness.Com2net('usb:demo-loop', 'usb:demo-icestick', '0', ports=1)
    host = f'127.0.0.1:{server.port}'
    own = own_libusb('own')
    by_run_path(host, own)
    by_dlopen(host, own)
    other_libraries_are_found(host)
    within_modules(host)
    by_dlopen_of_libusb01(host)
    with_sanitizers(host)
    with_musl(host)


if __name__ == '__main__':
    harness.run(main)
