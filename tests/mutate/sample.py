"""Compiles each mutant of a sample, links it with the tests and the simulation, and counts those
that neither notices. Called by tests/mutate/run, which has made everything else."""
import argparse
import os
import random
import resource
import shlex
import subprocess
import sys

import mutants

CPU_SECONDS = 60          # more is an endless loop
MEMORY_BYTES = 2 << 30
LEAST_PERCENT = 95
LIBRARIES = ['-lfmt', '-lpthread']
TEST_LIBRARIES = ['-lgtest_main', '-lgmock', '-lgtest', '-lrapidcheck']


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def passes(command, **environment):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          preexec_fn=limit, env={**os.environ, **environment}, check=False)
    return done.returncode == 0


class Bench:
    def __init__(self, directory, objects, flags):
        self.directory = directory
        self.objects = dict(pair.split('=') for pair in objects)
        self.flags = [flag for flag in shlex.split(flags.replace('"', '\\"'))]

    def path(self, name):
        return os.path.join(self.directory, name)

    def sources(self):
        return list(self.objects)

    def compiles(self, mutant, source):
        with open(self.path('mutant.cc'), 'w', encoding='utf-8') as out:
            out.write(mutants.apply(mutant, source))
        return passes(['g++', '-include', self.path('parsed.h'), *self.flags, '-w', '-O0', '-c',
                       self.path('mutant.cc'), '-o', self.path('mutant.o')])

    def link(self, file, unit, libraries):
        others = [path for source, path in self.objects.items() if source != file]
        program = self.path('with_' + unit)
        if os.path.exists(program):  # the mutant before may still be ending
            os.remove(program)
        done = passes(['g++', self.path('mutant.o'), *others, self.path('beside.o'),
                       self.path(unit + '.o'), '-o', program, *libraries, *LIBRARIES])
        if not done:
            sys.exit(f'could not link {program}')
        return os.path.abspath(program)

    def killed(self, file):
        """By what; None: by nothing."""
        if not passes([self.link(file, 'unit', TEST_LIBRARIES), '--gtest_brief=1',
                       '--gtest_fail_fast'], RC_PARAMS='seed=1 max_success=20'):
            return 'a unit test'
        simulation = self.link(file, 'sim', [])
        for first, seeds in ((1, 400), (401, 3000)):
            if not passes([simulation, '--from', str(first), '--seeds', str(seeds), '--threads',
                           '1']):
                return 'the simulation'
        return None


def read_reasons(path):
    """Of each survivor, named by file, kind and change: why nothing can notice it."""
    reasons = {}
    if not os.path.exists(path):
        return reasons
    with open(path, encoding='utf-8') as file:
        name = None
        for line in file:
            if line.startswith('  ') and name:
                reasons[name] = (reasons.get(name, '') + ' ' + line.strip()).strip()
            elif line.strip() and not line.startswith('#'):
                name = line.strip()
    return reasons


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dir', required=True)
    parser.add_argument('--mutants', required=True)
    parser.add_argument('--seed', type=int, required=True)
    parser.add_argument('--only', default='')
    parser.add_argument('--reasons', required=True)
    parser.add_argument('--objects', nargs='+', required=True)
    parser.add_argument('--flags', required=True)
    args = parser.parse_args()
    bench = Bench(args.dir, args.objects, args.flags)
    reasons = read_reasons(args.reasons)
    sources = {}
    every = []
    for file in bench.sources():
        with open(file, encoding='utf-8') as source:
            sources[file] = source.read()
        if args.only in file:
            every += mutants.mutants_of(file, sources[file])
    random.Random(args.seed).shuffle(every)
    wanted = len(every) if args.mutants == 'all' else int(args.mutants)
    counts = {'killed': 0, 'survived': 0, 'equivalent': 0}
    for mutant in every:
        if counts['killed'] + counts['survived'] >= wanted:
            break
        if mutant.name() in reasons:
            counts['equivalent'] += 1
            continue
        if not bench.compiles(mutant, sources[mutant.file]):
            continue
        by = bench.killed(mutant.file)
        counts['killed' if by else 'survived'] += 1
        print(f'{"killed by " + by if by else "SURVIVED"}: {mutant.line}: {mutant.name()}',
              flush=True)
    tried = counts['killed'] + counts['survived']
    percent = 100 * counts['killed'] / max(1, tried)
    print(f'{tried} mutants of {len(every)}: {counts["killed"]} killed, {counts["survived"]} '
          f'survived: {percent:.1f} %; {counts["equivalent"]} left out, see {args.reasons}')
    return 0 if percent >= LEAST_PERCENT else 1


if __name__ == '__main__':
    sys.exit(main())
