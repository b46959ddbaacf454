"""Makes one program of the unit tests and one of the simulation that hold all mutants
(schemata.py), runs each mutant in them until one notices it, and counts those that none does.
Called by tests/mutate/run, which has compiled everything else."""
import argparse
import collections
import concurrent.futures
import os
import random
import re
import resource
import shlex
import subprocess
import sys

import schemata

QUICK_CPU_SECONDS, CPU_SECONDS = 5, 30  # more is an endless loop
MEMORY_BYTES = 2 << 30
LEAST_PERCENT = 95
MUTANTS_A_FILE = 10_000     # a mutant's number: its file's, then its own
FUNCTIONS_A_FILE = 100
QUICK_TEST_US = 30_000      # a test that takes longer comes after the first stories
FIRST_SEEDS = (1, 60)       # the first, and how many
MORE_SEEDS = (61, 340)
RAPIDCHECK = 'seed=1 max_success=20'
RECORD = 'tests/golden/sim/stories.txt'
COMPILER = 'clang++-19'
LINKED = ['-fuse-ld=lld', '-lfmt', '-lpthread']
TEST_LIBRARIES = ['-lgmock', '-lgtest', '-lrapidcheck']


def limit(cpu_seconds):
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def failed(command, cpu_seconds=CPU_SECONDS, **environment):
    """What it printed, if it fails; None: it passes."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          preexec_fn=lambda: limit(cpu_seconds), text=True, errors='replace',
                          env={**os.environ, **environment}, check=False)
    return None if done.returncode == 0 else done.stdout


def write_if_other(path, text):
    if os.path.exists(path):
        with open(path, encoding='utf-8') as file:
            if file.read() == text:
                return
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


class Unit:
    """One source with its mutants, compiled."""

    def __init__(self, file, index, args):
        self.file = file
        self.base = os.path.join(args.dir, 'mutants_' + os.path.basename(file)[:-len('.cc')])
        self.flags = shlex.split(args.flags.replace('"', '\\"'))
        with open(file, encoding='utf-8') as source:
            self.schemata = schemata.Schemata(file, source.read(), index * MUTANTS_A_FILE,
                                              index * FUNCTIONS_A_FILE)
        self.bad = set()

    def compiler(self, *more):
        return [COMPILER, *self.flags, '-w', '-O0', self.base + '.cc', *more]

    def compile(self, newest):
        """Leaves out what is no C++, and makes the object if it is older than anything it needs."""
        kept = self.base + '.bad'
        whole, _ = self.schemata.text(set())
        write_if_other(self.base + '.all', whole)
        needed = max(newest, os.path.getmtime(self.base + '.all'))
        if os.path.exists(self.base + '.o') and os.path.getmtime(self.base + '.o') > needed:
            with open(kept, encoding='utf-8') as file:
                self.bad = {int(number) for number in file.read().split()}
            return
        while True:
            text, owners = self.schemata.text(self.bad)
            write_if_other(self.base + '.cc', text)
            done = subprocess.run(self.compiler('-fsyntax-only', '-ferror-limit=0'),
                                  capture_output=True, text=True, check=False)
            if done.returncode == 0:
                break
            more = self.blamed(done.stderr, owners) - self.bad
            if not more:
                sys.exit(f'{self.file} does not compile with its mutants:\n{done.stderr[:4000]}')
            self.bad |= more
        subprocess.run(self.compiler('-c', '-o', self.base + '.o'), check=True)
        with open(kept, 'w', encoding='utf-8') as file:
            file.write(' '.join(map(str, sorted(self.bad))))

    def blamed(self, errors, owners):
        """The mutants in which the errors lie, or what was instantiated for them."""
        found = set()
        for error in re.split(r'^(?=\S+:\d+:\d+: (?:fatal )?error: )', errors, flags=re.M)[1:]:
            for line in re.findall(re.escape(self.base) + r'\.cc:(\d+):', error):
                if owners[int(line) - 1] is not None:
                    found.add(owners[int(line) - 1])
                    break
        return found

    def mutants(self):
        return {number: mutant for number, mutant in self.schemata.mutants.items()
                if number not in self.bad}


class Memory:
    """Which test or story noticed each mutant the last time: it is asked first the next time. That
    spares time, and decides nothing: of what it does not notice any more all others are asked."""

    def __init__(self, path, every):
        self.known = {}
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                for line in file:
                    name, by, which = line.rstrip('\n').split('\t')
                    self.known[name] = (by, which)
        self.out = open(path, 'a', encoding='utf-8')
        self.names = {}  # by number: equal ones, told apart by their order
        seen = collections.Counter()
        for number, mutant in sorted(every.items()):
            seen[mutant.name()] += 1
            self.names[number] = f'{mutant.name()} {seen[mutant.name()]}'.replace('\t', ' ')

    def of(self, number):
        return self.known.get(self.names[number], (None, None))

    def keep(self, number, by, which):
        name = self.names[number]
        if which and self.known.get(name) != (by, which):
            self.known[name] = (by, which)
            print(name, by, which, sep='\t', file=self.out, flush=True)


class Bench:
    def __init__(self, args, units, every):
        self.units = units
        self.memory = Memory(os.path.join(args.dir, 'noticed'), every)
        self.unit = self.link(args, 'unit', TEST_LIBRARIES)
        self.sim = self.link(args, 'sim', [])
        tests = os.path.join(args.dir, 'tests')
        said = failed([self.unit, '--gtest_brief=1'], RC_PARAMS=RAPIDCHECK, MUTANT_TESTS=tests)
        if said is not None:
            sys.exit(f'the unit tests fail without a mutant:\n{said[-4000:]}')
        self.tests_of = collections.defaultdict(list)  # by function, the quickest first
        with open(tests, encoding='utf-8') as file:
            rows = [line.split() for line in file]
        for name, taken_us, *functions in sorted(rows, key=lambda row: int(row[1])):
            for function in functions:
                self.tests_of[int(function)].append((name, int(taken_us)))
        self.times = {name: int(taken) for name, taken, *_ in rows}
        self.all_tests = list(self.times.items())

    def link(self, args, unit, libraries):
        program = os.path.join(args.dir, 'with_' + unit)
        objects = [args.dir + '/' + name + '.o' for name in ('beside', 'chosen', unit)]
        subprocess.run([COMPILER, *(each.base + '.o' for each in self.units), *objects, '-o',
                        program, *libraries, *LINKED], check=True)
        return program

    def tests(self, number, quick):
        """Names of the unit tests that may notice it, the quick ones or the others."""
        function = next(each.schemata.function_of.get(number) for each in self.units
                        if number in each.schemata.mutants)
        entering = self.all_tests if function is None else self.tests_of[function]
        return [name for name, taken_us in entering if (taken_us <= QUICK_TEST_US) == quick]

    def ask_tests(self, number, tests, cpu_seconds):
        """Whether one of the unit tests notices it."""
        said = failed([self.unit, '--gtest_fail_fast', '--gtest_filter=' + ':'.join(tests)],
                      cpu_seconds, RC_PARAMS=RAPIDCHECK, MUTANT=str(number))
        if said is None:
            return False
        # What ends the program says nothing: it is the one that was begun last.
        which = (re.findall(r'^\[  FAILED  \] ([\w./]+)', said, re.M)[:1] or
                 re.findall(r'^\[ RUN      \] (\S+)', said, re.M)[-1:])
        self.memory.keep(number, 'unit tests', ''.join(which))
        return True

    def ask_stories(self, number, first, seeds, cpu_seconds):
        """Whether one of the stories notices it."""
        said = failed([self.sim, '--from', str(first), '--seeds', str(seeds), '--threads', '1',
                       '--fail-fast', '--record', RECORD], cpu_seconds, MUTANT=str(number))
        if said is None:
            return False
        self.memory.keep(number, 'simulation', ''.join(re.findall(r'^seed (\d+):', said, re.M)[:1]))
        return True

    def killer(self, number, quick):
        """What notices the mutant; None: nothing. First only what is quick, then only the rest."""
        cpu_seconds = QUICK_CPU_SECONDS if quick else CPU_SECONDS
        if quick:
            by, which = self.memory.of(number)
            if by == 'unit tests' and which in self.times:
                seconds = 1 if self.times[which] <= QUICK_TEST_US else CPU_SECONDS
                if self.ask_tests(number, [which], seconds):
                    return by
            if by == 'simulation' and self.ask_stories(number, int(which), 1, cpu_seconds):
                return by
        tests = self.tests(number, quick)
        if tests and self.ask_tests(number, tests, cpu_seconds):
            return 'unit tests'
        first, seeds = FIRST_SEEDS if quick else MORE_SEEDS
        return 'simulation' if self.ask_stories(number, first, seeds, cpu_seconds) else None


def read_reasons(path):
    """Of each survivor, named by file, kind and change: why nothing can notice it."""
    reasons = {}
    with open(path, encoding='utf-8') as file:
        name = None
        for line in file:
            if line.startswith('  ') and name:
                reasons[name] = (reasons.get(name, '') + ' ' + line.strip()).strip()
            elif line.strip() and not line.startswith('#'):
                name = line.strip()
    return reasons


def newest_header():
    """When the youngest header was changed."""
    return max(os.path.getmtime(os.path.join(folder, name)) for top in ('src', 'include', 'tests')
               for folder, _, names in os.walk(top) for name in names if name.endswith('.h'))


def drawn(every, args, last):
    """The mutants to judge: all, those that survived the last run, or a sample."""
    if args.mutants == 'survivors':
        with open(last, encoding='utf-8') as file:
            survived = {line.split(': ', 1)[1].strip() for line in file}
        return [number for number, mutant in every.items() if mutant.name() in survived]
    numbers = list(every)
    if args.mutants != 'all':
        random.Random(args.seed).shuffle(numbers)
        del numbers[int(args.mutants):]
    return numbers


def report(counts, unexplained, needless, reasons_path):
    """By file, what noticed how many; whether that is enough."""
    whole = collections.Counter()
    print(f'{"":30}{"mutants":>9}{"unit tests":>12}{"simulation":>12}{"survived":>10}{"killed":>9}')
    for file in [*counts, 'all']:
        row = whole if file == 'all' else counts[file]
        if file != 'all':
            whole.update(row)
        total = sum(row.values())
        killed = total - row[None]
        print(f'{file:30}{total:9}{row["unit tests"]:12}{row["simulation"]:12}{row[None]:10}'
              f'{100 * killed / max(1, total):7.1f} %')
    for name in needless:
        print(f'{reasons_path} excuses what was noticed, or is no mutant: {name}')
    if unexplained:
        print(f'{unexplained} survivors have no reason in {reasons_path}')
    killed = sum(whole.values()) - whole[None]
    return 100 * killed >= LEAST_PERCENT * sum(whole.values()) and not unexplained and not needless


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--dir', required=True)
    parser.add_argument('--mutants', required=True)
    parser.add_argument('--seed', type=int, required=True)
    parser.add_argument('--only', default='')
    parser.add_argument('--reasons', required=True)
    parser.add_argument('--flags', required=True)
    parser.add_argument('--sources', nargs='+', required=True)
    args = parser.parse_args()
    units = [Unit(file, index, args) for index, file in enumerate(args.sources)]
    newest = newest_header()
    crew = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    list(crew.map(lambda unit: unit.compile(newest), units))
    every = {number: mutant for unit in units if args.only in unit.file
             for number, mutant in unit.mutants().items()}
    bench = Bench(args, units, every)
    reasons = read_reasons(args.reasons)
    last = os.path.join(args.dir, 'last')
    numbers = drawn(every, args, last)
    killers = {}
    for quick in (True, False):
        undecided = [number for number in numbers if killers.get(number) is None]
        with open(last + '.new', 'w', encoding='utf-8') as out:
            judged = crew.map(lambda each, now=quick: bench.killer(each, now), undecided)
            for number, by in zip(undecided, judged):
                killers[number] = by
                if by is None:
                    print(f'{every[number].line}: {every[number].name()}', file=out, flush=True)
        os.replace(last + '.new', last)
        print(f'{len(undecided)} mutants tried: {list(killers.values()).count(None)} left',
              flush=True)
    unexplained = 0
    for number in sorted(number for number, by in killers.items() if by is None):
        if every[number].name() not in reasons:
            unexplained += 1
            print(f'SURVIVED: {every[number].line}: {every[number].name()}')
    counts = {unit.file: collections.Counter() for unit in units if args.only in unit.file}
    for number, by in killers.items():
        counts[every[number].file][by] += 1
    killed_names = {every[number].name() for number, by in killers.items() if by}
    survived_names = {every[number].name() for number, by in killers.items() if not by}
    needless = [name for name in reasons if name in killed_names - survived_names]
    if args.mutants == 'all':
        there = {mutant.name() for mutant in every.values()}
        needless += [name for name in reasons if args.only in name and name not in there]
    return 0 if report(counts, unexplained, needless, args.reasons) else 1


if __name__ == '__main__':
    sys.exit(main())
