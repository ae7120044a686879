#!/usr/bin/python3
"""The conversion of seccomp profiles takes the rules that hold, and all of each."""

import sys
import unittest

sys.dont_write_bytecode = True

from seccomp_profile import converted  # noqa: E402


def rule(name, **conditions):
    return {'names': [name], 'action': 'SCMP_ACT_ALLOW', 'args': [], **conditions}


def names(rules, capabilities=(), machine='x86_64', kernel='6.1.0-13-amd64'):
    profile = {'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': rules}
    result = converted(profile, capabilities, machine, kernel)
    return [name for taken in result['syscalls'] for name in taken['names']]


class Conversion(unittest.TestCase):
    def test_unconditional(self):
        self.assertEqual(names([rule('read'), rule('write', includes={}, excludes={})]),
                         ['read', 'write'])

    def test_included_capabilities_are_all_needed(self):
        both = [rule('x', includes={'caps': ['CAP_A', 'CAP_B']})]
        self.assertEqual(names(both), [])
        self.assertEqual(names(both, ['CAP_A']), [])
        self.assertEqual(names(both, ['CAP_B', 'CAP_A', 'CAP_C']), ['x'])

    def test_one_excluded_capability_is_enough(self):
        neither = [rule('x', excludes={'caps': ['CAP_A', 'CAP_B']})]
        self.assertEqual(names(neither), ['x'])
        self.assertEqual(names(neither, ['CAP_C']), ['x'])
        self.assertEqual(names(neither, ['CAP_B']), [])

    def test_architectures(self):
        self.assertEqual(names([rule('x', includes={'arches': ['amd64', 'x32']})]), ['x'])
        self.assertEqual(names([rule('x', includes={'arches': ['s390']})]), [])
        self.assertEqual(names([rule('x', excludes={'arches': ['amd64']})]), [])
        self.assertEqual(names([rule('x', excludes={'arches': ['amd64']})], machine='aarch64'), ['x'])

    def test_kernel(self):
        least = [rule('x', includes={'minKernel': '4.8'})]
        self.assertEqual(names(least, kernel='4.19.0'), ['x'])  # 19 is more than 8
        self.assertEqual(names(least, kernel='4.8.0-rc1'), ['x'])
        self.assertEqual(names(least, kernel='4.7.9'), [])
        self.assertEqual(names(least, kernel='3.16'), [])
        older = [rule('x', excludes={'minKernel': '4.8'})]
        self.assertEqual(names(older, kernel='4.19.0'), [])
        self.assertEqual(names(older, kernel='4.4.0'), ['x'])

    def test_all_conditions_have_to_hold(self):
        mixed = [rule('x', includes={'arches': ['amd64'], 'caps': ['CAP_A']},
                      excludes={'caps': ['CAP_B']})]
        self.assertEqual(names(mixed, ['CAP_A']), ['x'])
        self.assertEqual(names(mixed, ['CAP_A', 'CAP_B']), [])
        self.assertEqual(names(mixed, ['CAP_A'], machine='s390x'), [])

    def test_what_a_rule_has(self):
        args = [{'index': 0, 'value': 8, 'op': 'SCMP_CMP_EQ'}]
        profile = {'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38, 'defaultErrno': 'ENOSYS',
                   'archMap': [
                       {'architecture': 'SCMP_ARCH_X86_64', 'subArchitectures': ['SCMP_ARCH_X86']},
                       {'architecture': 'SCMP_ARCH_AARCH64', 'subArchitectures': ['SCMP_ARCH_ARM']}],
                   'syscalls': [
                       {'names': ['a', 'b'], 'action': 'SCMP_ACT_ALLOW', 'args': args, 'comment': '',
                        'includes': {}, 'excludes': {}},
                       {'name': 'c', 'action': 'SCMP_ACT_ERRNO', 'args': None, 'errnoRet': 1,
                        'errno': 'EPERM'}]}
        self.assertEqual(converted(profile, [], 'x86_64', '6.1'), {
            'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38,
            'architectures': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
            'syscalls': [{'names': ['a', 'b'], 'action': 'SCMP_ACT_ALLOW', 'args': args},
                         {'names': ['c'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 1}]})
        self.assertEqual(converted(profile, [], 'aarch64', '6.1')['architectures'],
                         ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'])


unittest.main()
