"""net2usb names this folder in PYTHONPATH, so Python runs this file as it starts.

pyusb asks ctypes.util.find_library for libusb, and that asks ldconfig, gcc and ld, none of which
knows of net2usb's, and which are often absent in containers. So the answer is given here, when
ctypes.util is loaded. Then the sitecustomize is run that Python would have run without this one.
"""

import os
import sys
from importlib.machinery import PathFinder

_HERE = os.path.dirname(os.path.abspath(__file__))
_OURS = {'usb-1.0': 'libusb-1.0.so.0', 'usb-0.1': 'libusb-0.1.so.4'}


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path) if name == 'ctypes.util' else None
        if spec is None:
            return None
        sys.meta_path.remove(_Finder)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            theirs = module.find_library

            def find_library(name, *rest):
                ours = os.path.join(os.path.dirname(_HERE), _OURS.get(name, '-'))
                return ours if os.path.exists(ours) else theirs(name, *rest)

            module.find_library = find_library

        spec.loader.exec_module = exec_module
        return spec


def _run_next():
    others = [p for p in sys.path if os.path.abspath(p) != _HERE]
    spec = PathFinder.find_spec('sitecustomize', others)
    if spec is not None and spec.loader is not None:
        module = type(sys)('sitecustomize')
        module.__file__, module.__spec__, module.__loader__ = spec.origin, spec, spec.loader
        spec.loader.exec_module(module)


sys.meta_path.insert(0, _Finder)
_run_next()
